/* The playground: what is typed goes to Python in a worker, and the page that comes back is shown in a frame.

   circuit    an expression, and what was typed for its inputs
   fragment   where the stepper in the frame stands, in its own words: step=3
   address    #expression;name=number;name=number&fragment: all there is to share

   Text from people only ever becomes text: it is set by textContent or value, and the frame is a sandbox. */
"use strict";

const { examples, words } = JSON.parse(document.querySelector("#recorded").textContent);
const one = (selector) => document.querySelector(selector);

/* Return an element with children: strings become text. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const told = (template, holes) => template.replace(/\{(\w+)\}/g, (_, name) => holes[name]);

/* ------------------------------------------------------------------------------------------------------- the address */

/* What an address may show as it is: all of an expression but spaces, and what parts one thing from the next. */
const spelled = (text) => encodeURIComponent(text).replace(/%(2B|2F|2C|5B|5D|3D)/g, decodeURIComponent);

function unspelled(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is no reason to show nothing
  }
}

function addressOf({ expression, inputs }, fragment) {
  const circuit = [spelled(expression), ...[...inputs].map(([name, text]) => `${name}=${spelled(text)}`)].join(";");
  return `#${circuit}${fragment && "&"}${fragment}`;
}

/* Return what an address says; undefined where it says nothing. */
function circuitAt(address) {
  if (address.length < 2) return undefined;
  const [, circuit, fragment = ""] = address.match(/^#([^&]*)&?(.*)$/s);
  const [expression, ...pairs] = circuit.split(";");
  const inputs = pairs.map((pair) => pair.match(/^([^=]*)=?(.*)$/s)).map(([, name, text]) => [unspelled(name), unspelled(text)]);
  return { expression: unspelled(expression), inputs: new Map(inputs), fragment };
}

/* -------------------------------------------------------------------------------------------------- Python, in a worker */

class Python {
  /* `tell` is called with {loaded, total}, {ready} and {failed}. */
  constructor(tell) {
    this.tell = tell;
    this.waiting = new Map();
    this.count = 0;
    this.start();
  }

  start() {
    this.worker = new Worker("playground_worker.js", { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.hear(data));
    this.worker.addEventListener("error", ({ message }) => this.hear({ failed: message || words.missing }));
  }

  hear({ id, answer, ...news }) {
    if (answer !== undefined) {
      this.waiting.get(id)?.(JSON.parse(answer));
      this.waiting.delete(id);
      return;
    }
    if (news.failed !== undefined) this.stop();
    this.tell(news);
  }

  /* After a failure nothing is answered; the next question starts a new Python. */
  stop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.waiting.clear();
  }

  ask(question) {
    if (!this.worker) this.start();
    const id = ++this.count;
    this.worker.postMessage({ id, question: JSON.stringify(question) });
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }
}

/* ---------------------------------------------------------------------------------------------------------- the page */

class Playground {
  constructor() {
    [this.form, this.typed, this.refusal, this.fieldset, this.fields, this.frame, this.loading] = [
      "form", "#expression", "#refusal", "fieldset", ".fields", "iframe", ".loading"].map(one);
    this.inputs = new Map(); // what was typed for each name, also for those that the expression has no more
    this.asked = 0;
    this.fragment = "";
    this.makeExamples();
    this.listen();
    this.python = new Python((news) => this.showNews(news));
    this.restore();
  }

  get expression() {
    return this.typed.value.trim();
  }

  makeExamples() {
    for (const example of examples) {
      const button = make("button", { type: "button", title: example.title }, example.expression);
      button.addEventListener("click", () => this.load({ ...example, inputs: new Map(Object.entries(example.inputs)), fragment: "" }, true));
      one(".examples").append(button);
    }
  }

  /* Enter in any field submits the form; what was only typed is read after a pause. */
  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.show(this.expression === this.shown?.expression ? this.fragment : "", true);
    });
    this.form.addEventListener("input", () => this.frame.classList.toggle("old", !this.isShown()));
    this.typed.addEventListener("input", () => this.later());
    one("#share").addEventListener("click", () => this.share());
    addEventListener("hashchange", () => this.restore());
    addEventListener("message", (event) => this.hear(event));
  }

  /* Show the circuit that the address names, the first example where it names none. */
  restore() {
    if (location.hash === this.address) return; // written by this page itself
    const [example] = examples;
    this.load(circuitAt(location.hash) ?? { ...example, inputs: new Map(Object.entries(example.inputs)), fragment: "" });
  }

  load({ expression, inputs, fragment }, asked = false) {
    this.typed.value = expression;
    for (const [name, text] of inputs) this.inputs.set(name, text);
    this.showInputs(inputs);
    this.show(fragment, asked);
  }

  /* -------------------------------------------------------------------------------------------------- what is typed */

  later() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.read(null), 300);
  }

  /* Have Python read what was typed: for its inputs alone, or with a fragment for its page. */
  async read(fragment) {
    clearTimeout(this.pause);
    const asked = ++this.asked;
    const answer = await this.python.ask({ expression: this.typed.value, inputs: Object.fromEntries(this.inputs), fragment });
    if (asked !== this.asked) return undefined; // something else was typed meanwhile
    this.refusal.hidden = answer.refusal === undefined;
    this.refusal.textContent = answer.refusal ?? "";
    this.typed.toggleAttribute("aria-invalid", answer.refusal !== undefined);
    if (answer.inputs) this.showInputs(new Map(Object.entries(answer.inputs)));
    return answer;
  }

  /* One field for each input; those that stay are left as they are, with the caret in them. */
  showInputs(inputs) {
    const before = new Map([...this.fields.children].map((field) => [field.dataset.name, field]));
    const fields = [...inputs].map(([name, text]) => {
      const field = before.get(name) ?? this.field(name);
      const input = field.querySelector("input");
      if (input.value !== text) input.value = text;
      this.inputs.set(name, text);
      return field;
    });
    if (fields.length !== before.size || fields.some((field, i) => field !== this.fields.children[i])) this.fields.replaceChildren(...fields);
    this.fieldset.hidden = fields.length === 0;
  }

  field(name) {
    const input = make("input", { type: "text", inputMode: "text", autocomplete: "off", spellcheck: false, enterKeyHint: "go" });
    input.addEventListener("input", () => this.inputs.set(name, input.value));
    const field = make("label", {}, make("var", { title: name }, name), make("span", {}, " = "), input);
    field.dataset.name = name;
    return field;
  }

  /* ---------------------------------------------------------------------------------------------- what is shown of it */

  /* Tell whether the frame shows what stands in the fields. */
  isShown() {
    const fields = [...this.fields.children].map((field) => [field.dataset.name, field.querySelector("input").value]);
    return this.expression === this.shown?.expression && fields.every(([name, text]) => this.shown.inputs.get(name) === text);
  }

  /* Show the page of what stands in the fields; `asked`: a person asked for it, here and now. */
  async show(fragment, asked = false) {
    const answer = await this.read(fragment);
    if (!answer) return;
    const changed = this.shown !== undefined && this.expression !== this.shown.expression;
    this.shown = { expression: this.expression, inputs: new Map(Object.entries(answer.inputs ?? {})) };
    this.fragment = fragment;
    this.write(changed ? "pushState" : "replaceState");
    this.frame.classList.remove("old");
    this.frame.hidden = answer.page === undefined;
    if (answer.page === undefined) return;
    // in a frame of its own: another page in the old one would be one more step for the browser's Back
    const frame = Object.assign(this.frame.cloneNode(), { srcdoc: answer.page, title: `Stepper: ${this.expression}` });
    this.frame.replaceWith(frame);
    this.frame = frame;
    if (!asked) return;
    // keys go to the stepper at once, unless somebody is typing; a small screen has room for nothing else
    if (document.activeElement?.matches("button")) frame.addEventListener("load", () => frame.focus({ preventScroll: true }), { once: true });
    if (matchMedia("(max-width: 900px)").matches) this.frame.scrollIntoView();
  }

  /* The stepper in the frame tells its height, and where it stands. */
  hear({ source, data }) {
    if (source !== this.frame.contentWindow || data === null) return;
    const height = Number(data.gatewiseHeight);
    if (height > 0) this.frame.style.height = `${Math.min(Math.ceil(height), 4000)}px`;
    if (typeof data.gatewiseFragment === "string") {
      this.fragment = data.gatewiseFragment;
      this.write("replaceState");
    }
  }

  write(how) {
    this.address = addressOf(this.shown, this.fragment);
    if (this.address !== location.hash) history[how](null, "", this.address);
    this.address = location.hash; // as the browser spells it
  }

  async share() {
    const label = one("#share span");
    try {
      await navigator.clipboard.writeText(location.href);
      label.textContent = words.copied;
    } catch {
      label.textContent = words.uncopied;
    }
    setTimeout(() => { label.textContent = words.copy; }, 2500);
  }

  /* -------------------------------------------------------------------------------------------------------- loading */

  showNews({ loaded, total, ready, failed }) {
    const [status, bar] = [one(".loading p"), one("progress")];
    this.loading.hidden = ready === true;
    this.loading.classList.toggle("failed", failed !== undefined);
    bar.hidden = failed !== undefined;
    if (failed !== undefined) {
      status.textContent = told(words.failed, { failed });
    } else if (loaded < total) {
      bar.value = loaded / total;
      status.textContent = told(words.downloading, { loaded: (loaded / 1e6).toFixed(1), total: (total / 1e6).toFixed(1) });
    } else if (!ready) {
      bar.removeAttribute("value");
      status.textContent = words.starting;
    }
  }
}

// a page that was opened as a file may start no worker; it says so as it stands
if (location.protocol !== "file:") new Playground();
