// Passkeys: the browser is asked for one, and what it says goes with the form. Without a script, passwords do.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !window.isSecureContext) return;

  const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: octets(one.id) }));

  const make = (asked) =>
    navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: octets(asked.challenge),
        user: { ...asked.user, id: octets(asked.user.id) },
        excludeCredentials: known(asked.excludeCredentials),
      },
    });
  const sign = (asked) =>
    navigator.credentials.get({
      publicKey: { ...asked, challenge: octets(asked.challenge), allowCredentials: known(asked.allowCredentials) },
    });

  const said = ({ id, rawId, type, response }) => {
    const parts = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) parts[name] = text(response[name]);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: parts });
  };

  const ask = async (form, button) => {
    const told = form.querySelector("[data-passkey-told]");
    told.hidden = true;
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const asked = await answer.json();
      if (!answer.ok) throw new Error(asked.said);
      const given = await (button.dataset.passkey === "make" ? make(asked) : sign(asked));
      form.querySelector("[name=passkey]").value = said(given);
      form.action = button.dataset.action;
      form.submit();
    } catch (error) {
      told.textContent = error.constructor === Error ? error.message : told.dataset.failed;
      told.hidden = false;
      button.disabled = false;
    }
  };

  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      if (button.dataset.passkey === "make" && !button.form.reportValidity()) return;
      ask(button.form, button);
    });
  }
})();
