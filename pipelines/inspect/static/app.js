// The keyboard and the reviews of captionmill inspect.
"use strict";

const REASONS = ["invented", "missed", "wrong", "wrong modality", "leaked"];
// Reviews. They are sent one after the other, so that the last key pressed is the last review.
let sending = Promise.resolve();
let waiting = 0;
let failures = 0;
// Verdicts and reasons that could not be stored, by place: they go with the next ones.
const owed = new Map();
function send(place, change) {
  if (isLate()) return;
  if (document.body.dataset.canReview !== "yes") {
    say("A release is never changed: start again with --reviews FOLDER.", true);
    return;
  }
  waiting += 1;
  sending = sending.then(async () => {
    const whole = together(owed.get(place), change(place));
    try {
      const review = await post(`/clip/${place.dataset.clip}/review`, whole);
      owed.delete(place);
      show(place, review, whole);
      say("stored");
    } catch (error) {
      failures += 1;
      if (!error.refused) fail(place, whole);
      say(`Not stored: ${error.message}`, true);
    }
    waiting -= 1;
  });
}

function fail(place, { verdict, reasons }) {
  if (verdict !== undefined) owed.set(place, { verdict, reasons });
  const state = one("[data-state]", place);
  state.textContent = "not stored";
  state.className = "verdict-state bad";
}

// A change with what is owed before it. Reasons are of bad captions only.
function together(before, change) {
  if (!before || ("verdict" in change && change.verdict !== "bad")) return change;
  const reasons = { ...before.reasons, ...change.reasons };
  return { ...before, ...change, ...(Object.keys(reasons).length ? { reasons } : {}) };
}

// Captions that are edited. What is sent is only what was changed here: another page may have changed the others.
const plain = (text) => text.trim().replace(/\s+/g, " ");
const isChanged = (field) => plain(field.value) !== plain(field.defaultValue);
const changed = () => all("[data-edit] textarea").filter(isChanged);

function store(form) {
  const edits = {};
  for (const field of all("textarea", form).filter(isChanged)) {
    const text = plain(field.value);
    edits[field.name] = text === plain(field.dataset.was) ? null : text;
  }
  if (Object.keys(edits).length) send(form.closest("[data-clip]"), () => edits);
  else say("No caption is changed.");
}

// Leaving a page. What is on its way is waited for; where it fails, one stays and sees why; who then leaves is asked.
const isUnstored = () => waiting > 0 || owed.size > 0 || changed().length > 0;
let mayLeave = false;
async function leave(go) {
  if (leaving) return;
  leaving = true;
  const before = failures;
  while (waiting) await sending;
  if (!leaving) return;
  const what = owed.size ? "A review" : "An edited caption";
  mayLeave = failures === before && (!isUnstored() || confirm(`${what} is not stored. Leave without it?`));
  if (mayLeave) go();
  else stay();
}
const visit = (address) => leave(() => { location.href = address; });
addEventListener("beforeunload", (event) => {
  if (mayLeave || !isUnstored()) return;
  event.preventDefault();
  stay();
});

function show(place, review, sent) {
  place.dataset.verdict = review.verdict || "";
  place.dataset.reasons = review.reasons.join("|");
  const edited = ["audio_caption", "visual_caption", "audio_visual_caption"].some((name) => review[name] !== null);
  const state = one("[data-state]", place);
  const told = review.verdict || (edited ? "edited" : "not reviewed");
  const reasons = review.reasons.length ? `: ${review.reasons.join(", ")}` : "";
  state.textContent = told + reasons + (review.verdict && edited ? ", edited" : "");
  state.className = `verdict-state ${review.verdict || ""}`;
  for (const button of all("[data-say]", place)) {
    button.setAttribute("aria-pressed", String(button.dataset.say === review.verdict));
  }
  for (const button of all("[data-reason]", place)) {
    button.setAttribute("aria-pressed", String(review.reasons.includes(button.dataset.reason)));
  }
  for (const field of all("textarea", place)) {
    const text = review[field.name] ?? field.dataset.was;
    const isStored = !isChanged(field) || plain(field.value) === sent[field.name];
    if (isStored && plain(field.value) !== plain(text)) field.value = text;
    field.defaultValue = text;
  }
}

const verdict = (word) => (place) => ({ verdict: place.dataset.verdict === word ? null : word });
const reason = (word) => (place) => ({
  verdict: "bad",
  reasons: { [word]: !place.dataset.reasons.split("|").includes(word) },
});

// The place that keys speak of: the clip of this page, or the row that is chosen in the list.
let at = -1;
const rows = all(".row");
const reviewed = () => one(".review[data-clip]") || rows[at] || null;

function choose(number) {
  if (number >= rows.length) return follow("next");
  if (number < 0) return rows.length && at === 0 ? follow("prev") : undefined;
  rows[at]?.classList.remove("at");
  at = number;
  rows[at].classList.add("at");
  rows[at].focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: "nearest" });
}

function follow(rel) {
  const link = one(`a[rel="${rel}"]`);
  if (link) visit(link.href);
  else say(rel === "next" ? "That was the last clip." : "That was the first clip.");
}

function step(by) {
  if (rows.length) choose(at + by);
  else follow(by > 0 ? "next" : "prev");
}

function open(row, hash = "") {
  const link = row && one("h3 a", row);
  if (link) visit(link.href + hash);
}

function edit() {
  const form = one("#edit");
  if (!form) return open(rows[at], "#edit");
  form.open = true;
  one("textarea", form)?.focus();
}

// To a place of the list; on the page of a clip by way of the list.
function toList(hash, act) {
  if (one("#q")) act();
  else visit(`${one("[data-up]")?.href || "/"}${hash}`);
}

function search() {
  one("#q").focus();
  one("#q").select();
}

// Asks for the words in the field by meaning; without any it is begun there.
function byMeaning() {
  const field = one("#q");
  if (field.value.trim()) return field.form.requestSubmit(one('[name="how"]', field.form));
  field.value = '~"';
  field.focus();
  field.setSelectionRange(2, 2);
  say("Write what you mean, as a sentence. Enter asks.");
}

// Facets: arrows go through their values, and from facet to facet.
const facets = one("#facets");
const values = () => all("a", facets);

function intoFacets(facet = facets) {
  const value = one(".chosen", facet) || one("a", facet);
  if (!value) return say("There are no facets here.", true);
  facets.open = true;
  value.focus();
}

function isMoved(value, key) {
  const every = values();
  const number = every.indexOf(value);
  const here = value.closest(".facet");
  const next = {
    ArrowDown: () => every[number + 1],
    ArrowUp: () => every[number - 1],
    ArrowRight: () => one("a", here.nextElementSibling || here),
    ArrowLeft: () => one("a", here.previousElementSibling?.closest(".facet") || here),
    Home: () => every[0],
    End: () => every.at(-1),
    Escape: () => { value.blur(); rows[at]?.focus(); },
  }[key];
  next?.()?.focus();
  return Boolean(next);
}

// Claims that have times, in their order: a key plays from the next one, or from the one before.
const clock = Number(one("#drawing svg")?.getAttribute("aria-label").match(/in ([\d.e+]+) seconds/)?.[1]);
const claims = all('#drawing rect[role="img"]')
  .map((bar) => ({ bar, start: clock * parseFloat(bar.getAttribute("x")) / 100 }))
  .sort((before, after) => before.start - after.start);
let claim = -1;

function toClaim(by) {
  if (!claims.length) return say("There is no claim with a time here.", true);
  const next = claims[claim + by];
  if (!next) return say(by > 0 ? "That was the last claim." : "That was the first claim.");
  if (!playFrom(next.start)) return;
  claims[claim]?.bar.parentNode.classList.remove("at");
  claim += by;
  next.bar.parentNode.classList.add("at");
  say(one("title", next.bar).textContent);
}

// Seconds of the clip, which may be a span of what the player has.
function playFrom(seconds) {
  if (!player?.currentSrc) {
    say("There is nothing to play yet.", true);
    return false;
  }
  player.currentTime = Number((player.currentSrc.match(/#t=([\d.]+)/) || [0, 0])[1]) + seconds;
  player.play();
  return true;
}

function help() {
  const dialog = one("#help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  Enter: () => open(rows[at]),
  u: () => { const link = one("[data-up]"); if (link) visit(link.href); },
  p: () => { if (player) player.paused ? player.play() : player.pause(); },
  e: edit,
  ",": () => toClaim(-1),
  ".": () => toClaim(1),
  "/": () => toList("#q", search),
  m: () => toList("#m", byMeaning),
  f: () => toList("#f", intoFacets),
  s: () => toList("#s", () => one("#sort").focus()),
  "?": help,
};
const ofReview = (change) => () => {
  const place = reviewed();
  if (place) send(place, change);
  else say("Choose a clip first: j and k.", true);
};
KEYS.g = ofReview(verdict("good"));
KEYS.b = ofReview(verdict("bad"));
REASONS.forEach((word, number) => { KEYS[String(number + 1)] = ofReview(reason(word)); });
// Keys that may be held down. Of the others a second time takes back what the first one did.
const MAY_REPEAT = new Set(["j", "k", ",", "."]);

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (field) {
    if (event.key === "Escape") {
      event.preventDefault();  // Chromium would empty a search field
      field.blur();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || one("#help").open && event.key !== "?") return;
  const value = event.target.closest("#facets a");
  if (value && isMoved(value, event.key)) return event.preventDefault();
  if (value && event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    return visit(`${value.href}#f${value.closest(".facet").dataset.facet}`);
  }
  if (event.key === "Enter" && event.target.closest("a, button, summary")) {
    if (event.repeat) event.preventDefault();
    return;
  }
  const key = keyOf(event);
  const act = KEYS[key];
  if (act) {
    event.preventDefault();
    if (!event.repeat || MAY_REPEAT.has(key)) act();
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || isElsewhere || !isUnstored()) return;
  event.preventDefault();
  visit(link.href);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const place = button.closest("[data-clip]");
  if (button.dataset.say) send(place, verdict(button.dataset.say));
  if (button.dataset.reason) send(place, reason(button.dataset.reason));
  if ("help" in button.dataset) help();
});

one("[data-edit]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  store(event.target);
});

// The first search by meaning loads the encoder: without a word the page would seem to hang.
one("form.search")?.addEventListener("submit", (event) => {
  if (!mayLeave && isUnstored()) {
    event.preventDefault();
    leave(() => event.target.requestSubmit(event.submitter));
    return;
  }
  if (event.submitter?.value === "meaning" || /(^|\s)~/.test(one("#q").value)) {
    say("Searching by meaning. The first time the encoder is loaded, which takes a while.", false, true);
  }
});
addEventListener("pageshow", (event) => {
  mayLeave = false;
  if (event.persisted) say("");
});

// An order that is chosen by a pointer is taken at once. By keys one passes others on the way: Enter takes it.
const sort = one("#sort");
const shown = all("option", sort || document).find((option) => option.defaultSelected)?.value || "";
let byKeys = false;
sort?.addEventListener("pointerdown", () => { byKeys = false; });
sort?.addEventListener("keydown", (event) => {
  byKeys = true;
  if (event.key === "Escape") sort.value = shown;
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (sort.value !== shown) sort.form.requestSubmit();
});
sort?.addEventListener("change", () => { if (!byKeys) sort.form.requestSubmit(); });

// A click into the spectrogram plays from there.
one("#drawing")?.addEventListener("click", (event) => {
  const place = event.currentTarget.getBoundingClientRect();
  if (clock) playFrom(clock * (event.clientX - place.left) / place.width);
});

// Parts of a preview that the clip does not have are not shown.
for (const picture of all(".seen-heard img, .glimpse img")) {
  picture.addEventListener("error", () => { picture.hidden = true; });
  if (picture.complete && picture.src && !picture.naturalWidth) picture.hidden = true;
}

// How the captions were written takes a while: it is asked for when it is opened.
const openWriting = async (event) => {
  const place = one("div", event.target);
  if (!event.target.open || place.textContent) return;
  place.textContent = "making it ...";
  try {
    const answer = await fetch(event.target.dataset.writing);
    if (!answer.ok) throw new Error(`the app answers ${answer.status}`);
    place.innerHTML = await answer.text();
  } catch (error) {
    place.textContent = "";
    say(`It can't be shown: ${error.message}`, true);
  }
};
for (const each of all("[data-writing]")) each.addEventListener("toggle", openWriting);

if (facets && matchMedia("(min-width: 60.01rem)").matches) facets.open = true;
const hash = location.hash.slice(1);
if (hash === "edit") edit();
else if (hash === "q") one("#q")?.focus();
else if (/^f\d+$/.test(hash) && facets) intoFacets(one(`[data-facet="${hash.slice(1)}"]`) || facets);
else if (/^[mfs]$/.test(hash) && one("#q")) {
  history.replaceState(null, "", location.pathname + location.search);  // so that going back does not ask again
  KEYS[hash]();
}
