// The claim: renewed every minute while the page is in sight; says so when it has ended, or when the session was answered
// elsewhere meanwhile. An answer is taken all the same.

import { goTo } from "./app.js";
import { hush, linkTo, say } from "./banners.js";
import { isDirty } from "./draft.js";
import { send } from "./offline.js";
import { root } from "./panel.js";

const EVERY_MS = 60_000;
const revision = Number(root.dataset.revision);
let isHeld = root.dataset.claimed === "yes";
let last = Date.now();

/** Begin to renew, where there is a claim. */
export function start() {
  setInterval(beat, EVERY_MS);
  document.addEventListener("visibilitychange", () => { if (Date.now() - last > EVERY_MS) beat(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
}

async function beat() {
  if (document.hidden || !isHeld) return;
  last = Date.now();
  const { status, body } = await send("/session/claim", { session_id: root.dataset.session });
  if (status === 200) tell(body);
}

/** A page that the back button brought to life may be out of date. */
async function refresh() {
  try {
    const answer = await fetch(root.dataset.here, { headers: { Accept: "application/json" } });
    if (answer.ok) tell(await answer.json(), true);
  } catch { /* Without a connection it stays as it is; the next save says so. */ }
}

function tell(state, isBack = false) {
  if (state.revision > revision || (isBack && state.is_revealed !== (root.dataset.stage === "revealed"))) {
    isHeld = false;
    if (isDirty()) say("claim", "warn", "You answered this session elsewhere meanwhile.", linkTo("Show what is stored", root.dataset.here));
    else goTo(root.dataset.here);
  } else if (isHeld && state.lease_until === null) {
    const who = state.held_by_others ? "somebody else has this session now" : "nobody else has taken it";
    say("claim", "warn", `Your claim has ended, and ${who}. Your answer is taken all the same.`);
  } else {
    hush("claim");
  }
}
