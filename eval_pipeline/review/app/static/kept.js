// What this browser keeps until the server has it: entries of a session, and answers not yet sent. By person and session;
// gone with the sign-out. Storage may be full or forbidden: then the page works on, and only the server's copy is kept.

import { root } from "./panel.js";

const person = root.dataset.person;

/** The key of a session's entries. */
export const draftKey = (session) => `draft:${person}:${session}`;

/** The key of answers that wait to be sent. */
export const outboxKey = (key) => `outbox:${person}:${key}`;

/** Return what is kept under `key`, null for nothing. */
export function get(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

/** Keep `value`; whether it could be kept. */
export function put(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Forget what is kept under `key`. */
export function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch { /* Nothing was kept. */ }
}

/** Return all answers of this person that wait to be sent. */
export function waiting() {
  try {
    const mine = outboxKey("");
    return Object.keys(localStorage).filter((key) => key.startsWith(mine)).map(get).filter(Boolean);
  } catch {
    return [];
  }
}

/** Sessions that were passed over in this tab: "next" does not lead to them again at once. */
export function skipped() {
  try {
    return JSON.parse(sessionStorage.getItem("skipped") ?? "[]");
  } catch {
    return [];
  }
}

/** Pass over `session`; returns all that are. */
export function skip(session) {
  const passed = [...skipped().filter((other) => other !== session), session].slice(-50);
  try {
    sessionStorage.setItem("skipped", JSON.stringify(passed));
  } catch { /* This once only, then. */ }
  return passed;
}

/** Forget everything that was kept, whoever's it was. */
export function forgetAll() {
  try {
    Object.keys(localStorage).filter((key) => /^(draft|outbox):/.test(key)).forEach(forget);
  } catch { /* Nothing was kept. */ }
}
