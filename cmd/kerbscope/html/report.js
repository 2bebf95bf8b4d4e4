"use strict";
// Copying, and opening all findings. The page says everything without it.
document.documentElement.classList.add("scripted");
document.addEventListener("click", async function (event) {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.open) {
    const all = document.getElementById(button.dataset.open).querySelectorAll("details");
    const open = button.textContent === "Open all";
    for (const d of all) d.open = open;
    button.textContent = open ? "Close all" : "Open all";
    return;
  }
  const text = button.dataset.f ? "frame.number in {" + button.dataset.f + "}" : button.previousElementSibling.textContent;
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch (e) {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const label = button.textContent;
  if (button.classList.contains("done") || !done) return;
  button.classList.add("done");
  button.textContent = "Copied";
  document.getElementById("said").textContent = "Copied to the clipboard";
  setTimeout(function () {
    button.classList.remove("done");
    button.textContent = label;
    document.getElementById("said").textContent = "";
  }, 1500);
});
