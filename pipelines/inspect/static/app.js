// The keyboard and the reviews of captionmill inspect.
"use strict";

const REASONS = ["invented", "missed", "wrong", "wrong modality", "leaked"];
// Reviews. They are sent one after the other, so that the last key pressed is the last review.
let sending = Promise.resolve();
function send(place, change) {
  if (document.body.dataset.canReview !== "yes") {
    say("A release is never changed: start again with --reviews FOLDER.", true);
    return sending;
  }
  sending = sending.then(async () => {
    try {
      const answer = await fetch(`/clip/${place.dataset.clip}/review`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(change(place)),
      });
      if (!answer.ok) throw new Error(await answer.text());
      show(place, await answer.json());
      say("stored");
    } catch (error) {
      say(`Not stored: ${error.message}`, true);
    }
  });
  return sending;
}

function show(place, review) {
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
}

const verdict = (word) => (place) =>
  place.dataset.verdict === word ? { verdict: null, reasons: [] } : { verdict: word };
const reason = (word) => (place) => {
  const had = place.dataset.reasons ? place.dataset.reasons.split("|") : [];
  const reasons = had.includes(word) ? had.filter((name) => name !== word) : [...had, word];
  return { verdict: "bad", reasons };
};

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
  if (link) sending.then(() => { location.href = link.href; });
  else say(rel === "next" ? "That was the last clip." : "That was the first clip.");
}

function step(by) {
  if (rows.length) choose(at + by);
  else follow(by > 0 ? "next" : "prev");
}

function open(row, hash = "") {
  const link = row && one("h3 a", row);
  if (link) sending.then(() => { location.href = link.href + hash; });
}

function edit() {
  const form = one("#edit");
  if (!form) return open(rows[at], "#edit");
  form.open = true;
  one("textarea", form)?.focus();
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
  u: () => { const link = one("[data-up]"); if (link) sending.then(() => { location.href = link.href; }); },
  p: () => { if (player) player.paused ? player.play() : player.pause(); },
  e: edit,
  "/": () => { const field = one("#q"); if (field) { field.focus(); field.select(); } else location.href = `${one("[data-up]")?.href || "/"}#q`; },
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

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (field) {
    if (event.key === "Escape") field.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || one("#help").open && event.key !== "?") return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
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
  const fields = all("textarea", event.target);
  const edits = {};
  for (const field of fields) {
    const text = field.value.trim().replace(/\s+/g, " ");
    edits[field.name] = text === field.dataset.was.trim().replace(/\s+/g, " ") ? null : text;
  }
  send(event.target.closest("[data-clip]"), () => edits);
});

// The first search by meaning loads the encoder: without a word the page would seem to hang.
one("form.search")?.addEventListener("submit", (event) => {
  if (event.submitter?.value === "meaning" || /(^|\s)~/.test(one("#q").value)) {
    say("Searching by meaning. The first time the encoder is loaded, which takes a while.", false, true);
  }
});
addEventListener("pageshow", (event) => { if (event.persisted) say(""); });

one("#sort")?.addEventListener("change", (event) => event.target.form.requestSubmit());

// A click into the spectrogram plays from there.
one("#drawing")?.addEventListener("click", (event) => {
  const place = event.currentTarget.getBoundingClientRect();
  const label = one("#drawing svg").getAttribute("aria-label").match(/in ([\d.e+]+) seconds/);
  if (!player || !label) return;
  const start = Number((player.currentSrc.match(/#t=([\d.]+)/) || [0, 0])[1]);
  player.currentTime = start + Number(label[1]) * (event.clientX - place.left) / place.width;
  player.play();
});

// Parts of a preview that the clip does not have are not shown.
for (const picture of all(".seen-heard img, .glimpse img")) {
  picture.addEventListener("error", () => { picture.hidden = true; });
  if (picture.complete && picture.src && !picture.naturalWidth) picture.hidden = true;
}

one("#prompt")?.addEventListener("toggle", async (event) => {
  const place = one("pre", event.target);
  if (!event.target.open || place.textContent) return;
  place.textContent = "making it ...";
  place.textContent = await (await fetch(event.target.dataset.prompt)).text();
});

const facets = one("#facets");
if (facets && matchMedia("(min-width: 60.01rem)").matches) facets.open = true;
if (location.hash === "#edit") edit();
if (location.hash === "#q") one("#q")?.focus();
