// What the pages of captionmill inspect share: looking for elements, telling, and the player.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The key that was pressed, whether Caps Lock is on or not. Of a letter of another script it is the place of the
// key that counts: there is no other way to press j on such a keyboard.
function keyOf(event) {
  if (/^[^\x00-\x7f]$/.test(event.key) && /^Key[A-Z]$/.test(event.code)) {
    return event.shiftKey ? event.code[3] : event.code[3].toLowerCase();
  }
  if (!/^[a-z]$/i.test(event.key)) return event.key;
  return event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
}

// What is told at the edge of the page, for a while or until something else is.
let quiet = 0;
function say(text, wrong = false, stays = wrong) {
  const place = one("#said");
  place.textContent = text;
  place.classList.toggle("wrong", wrong);
  clearTimeout(quiet);
  if (!stays) quiet = setTimeout(() => { place.textContent = ""; }, 2500);
}

// From the moment on that another page is asked for, what is pressed is not meant for this one: nothing is said of its
// clip any more. Esc ends the wait for the other page; who comes back by the browser finds this one as it was.
let leaving = false;
const stay = () => { leaving = false; };
addEventListener("beforeunload", () => { leaving = true; });
addEventListener("pageshow", (event) => { if (event.persisted) stay(); });
addEventListener("hashchange", stay);
addEventListener("keydown", (event) => { if (event.key === "Escape") stay(); });

// Whether it is too late to say something of this page's clip; then that is told.
function isLate() {
  if (leaving) say("Too late for this clip: wait for the next page. Esc stays here.", true);
  return leaving;
}

const ENDED =
  "captionmill inspect has ended or can't be reached. Start it again with the same --port, open the link that it " +
  "prints in another tab, and";

// What the app answers; null where it can't be reached.
const reached = (address, options) => fetch(address, options).catch(() => null);

// Sends what is said, and answers what the app made of it. Throws what to tell; refused: whether the app took it for
// nothing that can be stored.
async function post(address, said) {
  const answer = await reached(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(said),
  });
  if (!answer) throw new Error(`${ENDED} say it here again: this page keeps what was typed.`);
  if (!answer.ok) throw Object.assign(new Error(await answer.text()), { refused: answer.status === 422 });
  return answer.json();
}

// The player: from the source where it plays, else from the preview. data-why: where the page asks why something
// is not shown; without it the page's own words are told.
async function play(player) {
  const { play: place, why } = player.dataset;
  const note = one("#player-note");
  const tell = (text) => {
    if (why) note.textContent = text;
    note.hidden = false;
  };
  const answer = await reached(place);
  if (!answer) return tell(`${ENDED} load this page again.`);
  if (!answer.ok) return tell(await answer.text());
  const { src, fallback } = await answer.json();
  let left = fallback;
  // What a preview leaves out, and why.
  const missing = async () => {
    if (!why) return;
    const answer = await reached(why, { headers: { range: "bytes=0-0" } });
    const told = answer && answer.headers.get("x-why");
    if (told) tell(`Not shown: ${told}`);
  };
  if (!left) missing();
  player.addEventListener("error", async () => {
    if (left) {
      player.src = left;
      left = null;
      return missing();
    }
    const told = why && await reached(why);
    if (why && !told) return tell(`${ENDED} load this page again.`);
    tell(!told || told.ok ? "This browser can't play it." : `Not shown: ${await told.text()}`);
  });
  player.src = src;
}

const player = one("#player");
if (player) play(player);
