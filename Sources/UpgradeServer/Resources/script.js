// Keeps an open page up to date and tells of new releases. Every page works without it.
"use strict";

const LEAST_PAUSE = 500;
const { pageTime, mayUpgrade } = document.body.dataset;

// Live regions: elements with an id and data-live become what the same page shows now.

let refreshing = false;
let stale = false;

async function refresh() {
  stale = true;
  if (refreshing || !document.querySelector("[data-live]")) return;
  refreshing = true;
  while (stale) {
    stale = false;
    const start = performance.now();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      // Logged out, or not welcome here any more.
      if (answer.redirected || answer.status === 403) return location.reload();
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server is away; the stream says when it is back.
    }
    // A page that takes long to make is asked for less often.
    const pause = Math.max(LEAST_PAUSE, 4 * (performance.now() - start));
    await new Promise((done) => setTimeout(done, pause));
  }
  refreshing = false;
}

function show(page) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(region.id);
    if (fresh) become(region, fresh);
  }
}

// Changes only what differs, so that focus, selection, scrolling, open details and what was typed stay.
function become(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  const isPeoples = (name) => name === "open" && old.nodeName === "DETAILS";
  for (const { name, value } of fresh.attributes) {
    if (!isPeoples(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!isPeoples(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  const wanted = new Set([...fresh.children].map(key));
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    // What is gone goes first: whatever stays then need not be moved, and keeps the focus.
    while (place && key(place) && !wanted.has(key(place))) place = removed(place);
    let match = key(child) ? keyed.get(key(child)) : place;
    if (match && (match.nodeName !== child.nodeName || key(match) !== key(child))) match = null;
    if (match) become(match, child);
    const now = match ?? document.importNode(child, true);
    if (now === place) place = place.nextSibling;
    else old.insertBefore(now, place);
  }
  while (place) place = removed(place);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function key(node) {
  return node.dataset?.key;
}

// New releases: those that came after the first page that this tab showed, or after the last that was dismissed.

function since(time) {
  try {
    if (time) sessionStorage.setItem("releasesSeen", time);
    return sessionStorage.getItem("releasesSeen") ?? since(pageTime);
  } catch {
    return time ?? pageTime;
  }
}

function prompt(release) {
  if (release.state !== "available" || Date.parse(release.addedAt) <= Date.parse(since())) return;
  const version = String(release.version);
  const text = document.createElement("strong");
  text.textContent = `Release ${version} is available`;
  const dismiss = document.createElement("button");
  dismiss.className = "plain";
  dismiss.textContent = "Dismiss";
  dismiss.addEventListener("click", () => {
    since(release.addedAt);
    banner.remove();
  });
  const banner = document.createElement("div");
  banner.className = "prompt";
  banner.append(text);
  if (mayUpgrade !== undefined) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `/upgrade?version=${encodeURIComponent(version)}`;
    link.textContent = `Upgrade to ${version}`;
    link.addEventListener("click", () => since(release.addedAt));
    banner.append(link);
  }
  banner.append(dismiss);
  document.getElementById("prompt").replaceChildren(banner);
}

async function lookForReleases() {
  try {
    const answer = await fetch("/api/v1/releases");
    if (!answer.ok) return;
    const { items } = await answer.json();
    items.sort((one, other) => Date.parse(one.addedAt) - Date.parse(other.addedAt)).forEach(prompt);
  } catch {
    // The stream will say when the server is back.
  }
}

// The stream. The browser reconnects by itself; a page that nobody sees does not listen.

let stream;

function listen() {
  if (stream) return;
  stream = new EventSource("/api/v1/stream");
  stream.addEventListener("open", () => {
    refresh();
    lookForReleases();
  });
  for (const kind of ["event", "gateway", "deployment", "release", "reset"]) stream.addEventListener(kind, refresh);
  stream.addEventListener("release", ({ data }) => prompt(JSON.parse(data)));
  // A browser gives up for good on an answer that is no stream, as a proxy's while the server restarts.
  stream.addEventListener("error", () => {
    if (stream?.readyState !== EventSource.CLOSED) return;
    stream = null;
    setTimeout(listen, 5000);
  });
}

function followVisibility() {
  if (document.visibilityState === "visible") return listen();
  stream?.close();
  stream = null;
}

if (pageTime) {
  since();
  document.addEventListener("visibilitychange", followVisibility);
  followVisibility();
}
