// Sending, whatever the connection does: an answer is kept in this browser first, sent under its key until the server has
// taken or refused it, and only then forgotten. Also what a lost connection or sign-in looks like on the page.

import { csrfToken, post } from "./app.js";
import { clock, hush, linkTo, say } from "./banners.js";
import { forget, outboxKey, put } from "./kept.js";
import { root } from "./panel.js";

const LONGEST_WAIT_S = 30;
let savedAt = Date.now();
let wait = 1;
const retries = new Map();

/** POST fields; says on the page what is wrong with the connection or the sign-in. Resolves to {status, body}. */
export async function send(address, fields) {
  const sent = { ...fields };
  delete sent.csrf_token;
  let answer = await post(address, sent);
  if (answer.status === 403 && (await renewToken())) answer = await post(address, sent);
  // A page instead of an answer: a proxy in front wants him to sign in again, and nothing is stored.
  if (answer.status === 200 && answer.body === null) answer = { status: 401, body: null };
  tell(answer.status);
  return answer;
}

/** Whether the server may yet take what was sent with this outcome. */
export const isUndecided = ({ status }) => status === 0 || status >= 500 || status === 401 || status === 403 || status === 429;

/** Keep an answer and send it until it is decided; resolves to {status, body}. */
export async function deliver(address, fields) {
  const key = outboxKey(fields.idempotency_key);
  put(key, { address, fields, at: Date.now() });
  for (;;) {
    const answer = await send(address, fields);
    if (!isUndecided(answer)) {
      forget(key);
      return answer;
    }
    await pause();
  }
}

/** Run `again` after a while, longer each time, or as soon as the connection is back. One retry for each matter. */
export function retry(matter, again) {
  if (retries.has(matter)) return;
  retries.set(matter, true);
  pause().then(() => {
    retries.delete(matter);
    again();
  });
}

function pause() {
  const seconds = wait;
  wait = Math.min(wait * 2, LONGEST_WAIT_S);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

function tell(status) {
  if (status === 401 || status === 403) {
    say("sign-in", "bad", "You are signed out. What you entered is kept in this browser.", linkTo("Sign in in a new tab", "/sign-in", true));
  } else if (status === 0 || status >= 500) {
    const why = status === 0 ? "No connection" : "The server has trouble";
    say("connection", "bad", `${why}: not saved since ${clock(savedAt)}. What you entered is kept in this browser and sent when it is back.`);
  } else {
    [savedAt, wait] = [Date.now(), 1];
    hush("connection");
    hush("sign-in");
  }
}

/** After a new sign-in in another tab this page's token is old: take the new one. Whether there was one. */
async function renewToken() {
  try {
    const answer = await fetch(root.dataset.here, { headers: { Accept: "application/json" } });
    const { csrf_token: token, reviewer } = answer.ok ? await answer.json() : {};
    if (!token || token === csrfToken()) return false;
    if (reviewer !== root.dataset.person) {
      say("person", "bad", "This browser is signed in as somebody else now. What you entered is kept for you.");
      return false;
    }
    document.querySelector('meta[name="csrf-token"]').content = token;
    for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
    return true;
  } catch {
    return false;
  }
}
