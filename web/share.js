// What can be given away of a stream: a link to listen, a link with the knobs, addresses for players.

import { filePath, pagePath } from "./api.js";

/** The addresses of a stream. Where one may only listen, there is no link with knobs. */
export function addressesOf({ id, listen_id: listenId, may }, origin) {
  const listener = listenId ?? id;
  return {
    listen: `${origin}${pagePath(listener)}`,
    turn: may === "listen" ? null : `${origin}${pagePath(id)}`,
    stream: `${origin}${filePath(listener)}`,
    m3u: `${pagePath(listener)}.m3u`,
    pls: `${pagePath(listener)}.pls`,
  };
}

/** The dialog, a copy of `template` in each of its rows; `fill(stream, title)` puts a stream's addresses into it. */
export function createShare(dialog, template) {
  const find = (selector) => dialog.querySelector(selector);
  const rows = [...dialog.querySelectorAll(".share-row")];
  let title = "";

  for (const row of rows) {
    row.append(template.content.cloneNode(true));
    const [input, copy, send] = ["input", ".copy", ".send"].map((selector) => row.querySelector(selector));
    input.setAttribute("aria-label", row.dataset.label);
    input.setAttribute("aria-describedby", row.querySelector(".note").id);
    copy.addEventListener("click", () => copyFrom(input, copy));
    send.hidden = !navigator.share;
    send.addEventListener("click", () => {
      navigator.share({ title: `${title} · Perpetuo`, url: input.value }).catch(() => {});
    });
  }
  return {
    fill(stream, name) {
      const addresses = addressesOf(stream, location.origin);
      title = name;
      for (const row of rows) {
        const address = addresses[row.dataset.address];
        row.hidden = !address;
        row.querySelector("input").value = address ?? "";
        row.querySelector(".copy").textContent = "Copy";
      }
      find("#m3u").href = addresses.m3u;
      find("#pls").href = addresses.pls;
    },
    open: () => dialog.showModal(),
  };
}

async function copyFrom(input, button) {
  input.select();
  const isCopied = await navigator.clipboard?.writeText(input.value).then(() => true, () => false);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (button.textContent = "Copy"), 2500);
}
