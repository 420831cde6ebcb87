// What the page asks of the server: JSON there and back, and one message for whatever goes wrong. Where the server asks
// for a token, the user is asked for it once; it is kept as long as the tab is open.

export async function tell(path, body) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 401) {
    await entry(token);
    return tell(path, body);
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error?.message ?? `the server answered ${answer.status}`);
  return told;
}

let asking = null;

/** A token other than the one that was refused: whoever needs one while the user is being asked waits for the same. */
function entry(refused) {
  if (sessionStorage.getItem("token") !== refused) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("entry");
    const field = dialog.querySelector("input");
    dialog.querySelector("p").textContent = refused === null ? "" : "That is not the token.";
    field.value = "";
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      sessionStorage.setItem("token", field.value);
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

export function element(name, words = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(words)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(made.dataset, value);
    else if (key in made && key !== "role") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}
