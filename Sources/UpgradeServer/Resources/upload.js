// The upload of a release: the file's raw bytes go to the API, and the page shows how far they got.
"use strict";
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
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

  form.hidden = false;

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

  function size(bytes) {
    if (bytes >= 1048576) return (bytes / 1048576).toFixed(1) + " MiB";
    return bytes >= 1024 ? (bytes / 1024).toFixed(1) + " KiB" : bytes + " B";
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
    if (form.dataset.csrfToken) sending.setRequestHeader("X-CSRF-Token", form.dataset.csrfToken);
    sending.upload.addEventListener("progress", (event) => {
      progress.max = event.total || 1;
      progress.value = event.loaded;
      state.textContent =
        event.loaded < event.total
          ? size(event.loaded) + " of " + size(event.total) + " sent"
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
})();
