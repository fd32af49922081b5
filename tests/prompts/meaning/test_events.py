"""Whether two texts tell one event, and whether a caption tells a statement's, by the real parser."""

import pytest

from captioners.weights.models import Models
from prompts.meaning.events import Events
from prompts.meaning.likeness import Likeness
from prompts.meaning.wordnet import WordNet

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def events() -> Events:
    return Events(Likeness(WordNet(Models().fetch("wordnet") / "wordnet.sqlite")))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Other words for what is done, or for who does it.
        ("A motorbike revs", "a motorcycle roars off"),
        ("a baby cries", "an infant is crying loudly"),
        ("a woman laughs", "A woman giggles"),
        ("a vehicle passes", "A truck drives by"),
        ("Someone is drilling", "A bearded man drills two holes into a plank"),
        # Speech, in sentences and tags.
        ("A woman speaks softly in English", "Female speech, woman speaking"),
        ("A woman speaks in English in a calm tone", "a woman speaks"),
        ("A middle-aged man lectures", "A professor is giving a lecture about physics"),
        # Voice of the verb, and verbs as nouns.
        ("dough is kneaded by a man", "a man kneads dough on a board"),
        ("The dog is chasing the cat", "the cat is chased by the dog"),
        ("a cup is placed on a table", "a man places a cup on a table"),
        ("applause", "the audience is clapping"),
        ("The low hum of an electric motor runs on", "A motor humming can be heard"),
        # Frames that tell only that something is heard.
        ("food sizzles loudly in a pan", "There's a sizzling sound in the background"),
        ("waves crash on the shore", "Ocean waves can be heard"),
        ("Wind blows into the microphone", "The wind can be heard too"),
        ("thunder rumbles", "a loud crack of thunder is heard"),
        # Music, in tags and sentences.
        ("music plays", "A solo piano plays a fast classical piece"),
        ("music plays", "Upbeat electronic music plays softly"),
        ("Someone is playing a classical piece", "A piano plays a classical piece in a minor key"),
        # More of the same.
        ("a crowd cheers", "A crowd roars and cheers loudly"),
        ("a dog", "A dog runs across the lawn"),
    ],
)
def test_one_event_in_other_words(events: Events, first: str, second: str) -> None:
    assert events.alike(first, second) and events.alike(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Something else is done.
        ("a dog barks", "A cat meows"),
        ("a woman speaks", "a woman sings a song"),
        ("A man holds a cup", "A man holds a phone"),
        ("A man plays guitar", "A man plays piano"),
        ("a dog barks", "rain falls"),
        # Other people.
        ("a man opens a door", "a woman opens a door"),
        ("a boy laughs", "a man laughs"),
        ("a man and a woman talk", "a man talks"),
        # Roles exchanged.
        ("a man chases a dog", "a dog chases a man"),
        ("a man gives a woman a book", "a woman gives a man a book"),
        ("the cat is chased by the dog", "the cat chases the dog"),
        # Other counts.
        ("two dogs bark", "three dogs are barking"),
        ("a bell rings", "church bells ring"),
        ("a dog barks twice", "a dog barks three times"),
        ("a second, smaller dog yaps in response", "Two dogs are barking at each other"),
        # Other attributes.
        ("a red car drives past", "a blue car drives past"),
        ("a woman in a red dress dances", "A woman in a blue dress dances"),
        ("a wooden door opens", "a glass door opens"),
        # Opposites and directions.
        ("a door opens", "a door closes"),
        ("a man speaks softly", "a man speaks loudly"),
        ("The camera pans left", "the camera pans to the right"),
        ("a car turns left", "a car turns right"),
        # Denied, in another language, other words.
        ("a dog barks", "a dog is not barking"),
        ("No music is playing", "music plays"),
        ("No music is playing", "A motor humming can be heard"),
        ("a man speaks English", "a man speaks Spanish"),
        ("a man says “hello there my friend”", "a man says “stop right now”"),
        # More than one event.
        ("a dog barks", "A dog barks and a woman speaks"),
        ("a phone buzzes", "a dog barks, a bell rings and a phone buzzes"),
    ],
)
def test_another_event(events: Events, first: str, second: str) -> None:
    assert not events.alike(first, second) and not events.alike(second, first)


CAPTION = (
    "A woman in a striped apron stirs garlic in a black pan over the loud sizzle of frying food, talking "
    "calmly in English."
)


@pytest.mark.parametrize(
    "text",
    [
        "A woman wearing a striped apron stands in a modern kitchen and stirs chopped garlic",
        "food sizzles loudly in a pan",
        "A woman is speaking in English in a calm, friendly tone",
        "There's a sizzling sound in the background",
    ],
)
def test_a_caption_tells_an_event_without_its_details(events: Events, text: str) -> None:
    assert events.told(CAPTION, text)


@pytest.mark.parametrize(
    "text",
    [
        "A metal utensil clinks against the pan",
        "Steam rises from the pan, and the camera slowly zooms in on the food",
        "a man laughs in the background",
        "The text “Easy Garlic Shrimp” appears at the bottom of the screen",
    ],
)
def test_a_caption_does_not_tell_another_event(events: Events, text: str) -> None:
    assert not events.told(CAPTION, text)


def test_a_text_is_parsed_once(events: Events) -> None:
    first, again = events.read(["a bell rings", "a bell rings"])
    assert first is again is events.read(["a bell rings"])[0]


@pytest.mark.parametrize("text", ["", "...", "“”", "A", "of the", "!?" * 50])
def test_a_text_that_says_nothing_is_like_no_other(events: Events, text: str) -> None:
    assert not events.alike(text, "a dog barks")
    assert not events.told("A dog barks.", text)
