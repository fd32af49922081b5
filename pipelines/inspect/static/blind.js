// Comparing two caption sets blind: the keyboard and choices.
"use strict";

const main = one("[data-pair]");

// The page goes on by itself when a choice is stored: what is pressed meanwhile is not meant for this clip.
let sending = null;
function choose(side) {
  if (!main || isLate() || sending) return;
  const better = main.dataset.better === side ? null : side;
  leaving = better !== null;
  sending = store(better).finally(() => { sending = null; });
}

async function store(better) {
  try {
    const told = await post(`/pair/${main.dataset.pair}`, { better });
    main.dataset.better = told.better || "";
    one("#done").textContent = told.done.toLocaleString("en");
    for (const button of all("[data-side]")) {
      button.setAttribute("aria-pressed", String(button.dataset.side === told.better));
    }
    say(told.better ? "stored" : "taken back");
    if (told.better && leaving) location.href = one('a[rel="next"]').href;
  } catch (error) {
    stay();
    say(`Not stored: ${error.message}`, true);
  }
}

async function follow(rel) {
  const link = one(`a[rel="${rel}"]`);
  if (!link) return say("That was the first clip.");
  if (leaving) return;
  leaving = true;
  await sending;
  if (leaving) location.href = link.href;
}

const KEYS = {
  1: () => choose("left"),
  2: () => choose("tie"),
  3: () => choose("right"),
  ArrowLeft: () => choose("left"),
  ArrowDown: () => choose("tie"),
  ArrowRight: () => choose("right"),
  j: () => follow("next"),
  k: () => follow("prev"),
  p: () => { if (player) player.paused ? player.play() : player.pause(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  // Arrows in a player seek.
  if (event.key.startsWith("Arrow") && event.target.closest("video, audio")) return;
  const act = KEYS[keyOf(event)];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-side]");
  if (button) choose(button.dataset.side);
});
