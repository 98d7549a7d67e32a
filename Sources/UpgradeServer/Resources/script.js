// What pages do beyond links and forms: they keep up to date, tell of new releases, and upload. Every page works without it.
"use strict";

const LEAST_PAUSE = 500;
const { pageTime, mayUpgrade, address: ownAddress, origin } = document.body.dataset;

// A page that answers a form stands under the form's address. It has one of its own, at which it lives, and is loaded anew.
if (ownAddress) history.replaceState(null, "", ownAddress);

// Some things are of no use without a script, and shown only with one.
document.documentElement.classList.add("scripted");

// Live regions: elements with an id and data-live become what the page's address shows now.

let refreshing = false;
let stale = false;
// Somebody waits for the next answer: it is not put off.
let hurried = false;
let endPause = () => {};

async function refresh() {
  stale = true;
  if (refreshing || !document.querySelector("[data-live]")) return;
  refreshing = true;
  while (stale) {
    stale = false;
    hurried = false;
    const start = performance.now();
    const address = location.href;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      // Logged out, or not welcome here any more.
      if (answer.redirected || answer.status === 403) return location.reload();
      // What was asked for before somebody asked for something else is not shown any more.
      if (answer.ok && address === location.href) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server is away; the stream says when it is back.
    }
    if (hurried) continue;
    // A page that takes long to make is asked for less often.
    const pause = Math.max(LEAST_PAUSE, 4 * (performance.now() - start));
    await new Promise((done) => {
      endPause = done;
      setTimeout(done, pause);
    });
  }
  refreshing = false;
}

function show(page) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(region.id);
    if (fresh) become(region, fresh);
  }
  showChoices();
  tellOfLosses();
  announce();
}

// What changed, for those who hear the page: in one sentence, now and then, and only while it says something else than before.

const QUIET = 15000;
let lastSummary = summary();
let lastTold = -QUIET;
let isToTell = false;

function summary() {
  return [...document.querySelectorAll("[data-summary]")].map((one) => one.dataset.summary).join(" ");
}

function announce() {
  if (isToTell || summary() === lastSummary) return;
  isToTell = true;
  setTimeout(() => {
    isToTell = false;
    if (summary() === lastSummary) return;
    lastSummary = summary();
    lastTold = performance.now();
    document.getElementById("announcer").textContent = lastSummary;
  }, Math.max(LEAST_PAUSE, lastTold + QUIET - performance.now()));
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
  const chosen = old.nodeName === "SELECT" ? chosenIn(old) : undefined;
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  const wanted = new Set([...fresh.children].map(key));
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let match = keyed.get(key(child));
    const isGone = (node) => key(node) && !wanted.has(key(node));
    // What is gone goes first, and the blanks around it: whatever stays then need not be moved, and keeps the focus.
    while (place && (isGone(place) || (match && place.nodeType === Node.TEXT_NODE))) place = removed(place);
    if (!key(child)) match = place;
    if (match && (match.nodeName !== child.nodeName || key(match) !== key(child))) match = null;
    if (match) become(match, child);
    const now = match ?? document.importNode(child, true);
    if (now === place) place = place.nextSibling;
    else old.insertBefore(now, place);
  }
  while (place) place = removed(place);
  if (old.nodeName === "SELECT") choose(old, chosen);
}

// Lists from which somebody chose, be it what the page offers first.
const decided = new WeakSet();

// What somebody chose from a list.
function chosenIn(list) {
  const option = list.selectedOptions[0];
  return option && (decided.has(list) || option !== offered(list)) ? option.value : undefined;
}

// The options may have changed: what was chosen stays, and is no other that came to stand in its place.
function choose(list, value) {
  const kept = [...list.options].find((one) => one.value === value);
  const option = kept ?? offered(list);
  if (option && !option.selected) option.selected = true;
  if (value === undefined || kept) return;
  decided.delete(list);
  losses.push({ list, value });
}

// What was chosen and cannot be chosen any more is told of.
const losses = [];

function tellOfLosses() {
  const output = document.getElementById("lost");
  if (losses.length === 0 || !output) return;
  output.textContent = losses
    .splice(0)
    .map(({ list, value }) => {
      const name = list.ariaLabel ?? list.labels[0]?.textContent ?? "";
      return `${name}: ${value} is not available any more, so ${list.value} is chosen now.`;
    })
    .join(" ");
}

document.addEventListener("change", ({ target }) => {
  if (target.nodeName !== "SELECT") return;
  decided.add(target);
  const output = document.getElementById("lost");
  if (output) output.textContent = "";
});

function offered(list) {
  return [...list.options].find((one) => one.defaultSelected) ?? list.options[0];
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function key(node) {
  return node.dataset?.key;
}

// Links with data-swap lead to the same page with more or less in its live regions: the page changes in place, and what was typed or checked stays.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-swap]");
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !isPlain) return;
  event.preventDefault();
  history.replaceState(null, "", link.pathname + link.search);
  hurried = true;
  endPause();
  refresh();
});

// Check boxes of gateways: one for all that a group shows, and how many are checked.

const boxesIn = (group) => [...group.querySelectorAll("input[type=checkbox][form=order]")];

function showChoices() {
  const output = document.getElementById("chosen");
  if (!output) return;
  for (const box of document.querySelectorAll("[data-check-all]")) {
    const boxes = boxesIn(box.closest(".group"));
    const checked = boxes.filter((each) => each.checked).length;
    box.checked = checked > 0 && checked === boxes.length;
    box.indeterminate = checked > 0 && checked < boxes.length;
  }
  const count = boxesIn(document).filter((each) => each.checked).length;
  const text = count > 0 ? `${count} checked` : "";
  if (output.textContent !== text) output.textContent = text;
}

document.addEventListener("change", ({ target }) => {
  if (target.dataset?.checkAll !== undefined) {
    for (const box of boxesIn(target.closest(".group"))) box.checked = target.checked;
  }
  showChoices();
});

// Transfers: the bars that the server drew move as it tells how far they are, without asking for the page.

function showTransfer({ gatewayId, bytesSent, bytesTotal }) {
  for (const place of document.querySelectorAll(`[data-gateway="${CSS.escape(gatewayId)}"]`)) {
    const bar = place.querySelector(".transfer progress");
    // It has begun since the page was made.
    if (!bar) {
      refresh();
      continue;
    }
    bar.max = bytesTotal;
    bar.value = bytesSent;
    place.querySelector(".transfer .sent").textContent = part(bytesSent, bytesTotal);
  }
}

// In the unit of the whole, as the server writes it.
function part(sent, total) {
  const [size, name] = total >= 1048576 ? [1048576, "MiB"] : total >= 1024 ? [1024, "KiB"] : [1, "B"];
  const number = (bytes) => (size > 1 ? (bytes / size).toFixed(1) : bytes);
  return `${number(sent)} of ${number(total)} ${name} sent`;
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

// Those that there are, by version, as far as the page was told.
let releases = new Map();
// How often it was told of one: what was asked for before is out of date then.
let told = 0;

function tell(release) {
  told += 1;
  releases.set(String(release.version), release);
  prompt();
}

// Shows the latest that nobody has dismissed, and nothing when there is none any more.
function prompt() {
  const time = (release) => Date.parse(release.addedAt);
  const isNew = (release) => release.state === "available" && time(release) > Date.parse(since());
  const [latest] = [...releases.values()].filter(isNew).sort((one, other) => time(other) - time(one));
  const place = document.getElementById("prompt");
  if (!latest) return place.replaceChildren();
  const version = String(latest.version);
  if (place.firstElementChild?.dataset.key === `${version} ${latest.addedAt}`) return;
  const text = document.createElement("strong");
  text.textContent = `Release ${version} is available`;
  const dismiss = document.createElement("button");
  dismiss.className = "plain";
  dismiss.textContent = "Dismiss";
  dismiss.addEventListener("click", () => {
    since(latest.addedAt);
    prompt();
  });
  const banner = document.createElement("div");
  banner.className = "prompt";
  banner.dataset.key = `${version} ${latest.addedAt}`;
  banner.append(text);
  if (mayUpgrade !== undefined) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `/upgrade?version=${encodeURIComponent(version)}`;
    link.textContent = `Upgrade to ${version}`;
    link.addEventListener("click", () => since(latest.addedAt));
    banner.append(link);
  }
  banner.append(dismiss);
  place.replaceChildren(banner);
}

async function lookForReleases() {
  const before = told;
  try {
    const answer = await fetch("/api/v1/releases?limit=1000");
    if (answer.status === 401) return leaveIfLoggedOut();
    if (!answer.ok) return;
    const { items } = await answer.json();
    if (told !== before) return lookForReleases();
    releases = new Map(items.map((release) => [String(release.version), release]));
    prompt();
  } catch {
    // The stream will say when the server is back.
  }
}

// A session may end elsewhere: the page then goes where the server sends whoever asks for it, or for the page that it comes from: the log-in.
async function leaveIfLoggedOut() {
  try {
    const answer = await fetch(origin ?? location.href, { headers: { Accept: "text/html" } });
    // Not a reload: the page may be the answer to a form, which must not be sent again.
    if (answer.redirected) location.assign(answer.url);
  } catch {
    // The server is away; the stream says when it is back.
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
  for (const kind of ["event", "changed", "gateway", "deployment", "release", "reset"]) stream.addEventListener(kind, refresh);
  stream.addEventListener("progress", ({ data }) => showTransfer(JSON.parse(data)));
  stream.addEventListener("release", ({ data }) => tell(JSON.parse(data)));
  stream.addEventListener("reset", lookForReleases);
  stream.addEventListener("error", () => {
    // The server ends the stream with the session.
    leaveIfLoggedOut();
    // A browser gives up for good on an answer that is no stream, as a proxy's while the server restarts.
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
  // A browser that comes back to a page checks what was checked.
  showChoices();
  since();
  document.addEventListener("visibilitychange", followVisibility);
  followVisibility();
}

// The upload of a release: the file's raw bytes go to the API instead of the form, and the page shows how far they got.

function enableUpload(form) {
  const field = (id) => document.getElementById(id);
  const file = field("file");
  const version = field("version");
  const problem = field("upload-problem");
  const progress = field("progress");
  const state = field("upload-state");
  const cancel = field("cancel");
  const submit = form.querySelector("button[type=submit]");
  const isVersion = (text) => /^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$/.test(text);
  let request = null;

  field("upload-hint").hidden = false;

  function complain(text, at) {
    problem.textContent = text;
    problem.hidden = text === "";
    version.removeAttribute("aria-invalid");
    file.removeAttribute("aria-invalid");
    if (at) {
      at.setAttribute("aria-invalid", "true");
      at.focus();
    }
  }

  function showBusy(isBusy) {
    progress.hidden = !isBusy;
    cancel.hidden = !isBusy;
    submit.disabled = isBusy;
    file.disabled = isBusy;
    version.disabled = isBusy;
    if (!isBusy) request = null;
  }

  function suggestVersion() {
    const chosen = file.files[0];
    if (chosen && isVersion(chosen.name)) version.value = chosen.name;
    complain("");
  }

  // What the server says of a refusal is a problem document; a proxy's page is none.
  function reason(answer) {
    try {
      const detail = JSON.parse(answer.responseText).detail;
      if (typeof detail === "string") return detail.charAt(0).toUpperCase() + detail.slice(1) + ".";
    } catch {
      // No document: the status has to do.
    }
    return "The upload was refused with status " + answer.status + ".";
  }

  function upload(chosen, text) {
    const sending = new XMLHttpRequest();
    request = sending;
    sending.open("PUT", "/api/v1/releases/" + encodeURIComponent(text));
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    const token = form.elements.csrfToken;
    if (token) sending.setRequestHeader("X-CSRF-Token", token.value);
    sending.upload.addEventListener("progress", (event) => {
      progress.max = event.total || 1;
      progress.value = event.loaded;
      state.textContent =
        event.loaded < event.total
          ? part(event.loaded, event.total)
          : "All sent; the server checks it.";
    });
    sending.addEventListener("load", () => {
      if (sending.status === 201) {
        location.assign("/releases?done=added");
        return;
      }
      showBusy(false);
      state.textContent = "";
      complain(reason(sending), sending.status === 409 || sending.status === 422 ? version : null);
    });
    sending.addEventListener("error", () => {
      showBusy(false);
      state.textContent = "";
      complain("The connection broke; nothing was kept.");
    });
    sending.addEventListener("abort", () => {
      showBusy(false);
      state.textContent = "Cancelled; nothing was kept.";
    });
    progress.value = 0;
    state.textContent = "";
    complain("");
    showBusy(true);
    sending.send(chosen);
  }

  file.addEventListener("change", suggestVersion);
  cancel.addEventListener("click", () => request && request.abort());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request) return;
    const chosen = file.files[0];
    const text = version.value.trim();
    if (!chosen) complain("Choose a file first.", file);
    else if (!isVersion(text))
      complain("This is no version: digits, optionally a point and up to six digits, such as 1, 0.5 or 12.25.", version);
    else upload(chosen, text);
  });

  const carriesFiles = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");
  // A file that misses the area must not replace the page.
  for (const kind of ["dragover", "drop"])
    window.addEventListener(kind, (event) => carriesFiles(event) && event.preventDefault());
  form.addEventListener("dragover", (event) => carriesFiles(event) && form.classList.add("over"));
  for (const kind of ["dragleave", "drop"])
    form.addEventListener(kind, () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    if (request || !carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) {
      complain("Drop one file at a time.");
      return;
    }
    file.files = event.dataTransfer.files;
    suggestVersion();
    version.focus();
  });
}

const uploadForm = document.getElementById("upload");
if (uploadForm) enableUpload(uploadForm);
