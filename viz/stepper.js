/* The stepper: shows one step of the two passes at a time.

   wire, gate, pin   as in the circuit: a number on its way, what makes it, and where it enters the next gate
   view              one way of drawing the function: as it was written, or in elementary gates; or one part of a graph
                     that is too large to draw, which is unpacked when it is opened
   step              0 shows the inputs; 1 … n are the gates of the forward pass; n+1 is the seed ∂f/∂f = 1; the rest are
                     the gates of the backward pass

   The page brings numbers, as floats, and words, as sentences with {holes}; this script joins them. Text from people
   only ever becomes text: it is set by textContent, or cloned from markup that was escaped when the page was made. */
"use strict";

/* ------------------------------------------------------------------------------------------ how numbers are written
   The same digits as Python prints, whose rounding takes the even digit on a tie where JavaScript takes the larger. */

const MINUS = "\u2212";

const evened = (digits, tie) =>
  tie && "13579".includes(digits.at(-1)) ? digits.slice(0, -1) + (Number(digits.at(-1)) - 1) : digits;

function fixed(x, decimals) {
  const size = Math.abs(x);
  // only an odd multiple of 2^-(decimals + 1) lies exactly half way between two decimals
  return (x < 0 ? MINUS : "") + evened(size.toFixed(decimals), (size * 2 ** (decimals + 1)) % 2 === 1);
}

function significant(x, places) {
  const scientific = (digits) => Math.abs(x).toExponential(digits - 1).replace(".", "").split("e");
  const [digits, exponent] = scientific(places);
  const beyond = scientific(101)[0].slice(places);
  return [evened(digits, /^50*$/.test(beyond)), Number(exponent)];
}

function general(x, places) {
  const sign = x < 0 || Object.is(x, -0) ? MINUS : "";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return sign + "∞";
  const [padded, exponent] = significant(x, places);
  const digits = padded.replace(/0+$/, "") || "0";
  const pointed = (whole) => digits.slice(0, whole).padEnd(whole, "0") + (digits.length > whole ? "." + digits.slice(whole) : "");
  if (exponent < -4 || exponent >= places) {
    return `${sign}${pointed(1)}e${exponent < 0 ? MINUS : ""}${Math.abs(exponent)}`;
  }
  return sign + (exponent < 0 ? "0." + "0".repeat(-exponent - 1) + digits : pointed(exponent + 1));
}

const full = (x) => general(x + 0, 15); // -0 is 0

/* `whole`: every number of the circuit is a whole one, and no decimals are shown */
function notation(whole) {
  const short = (x) => {
    if (x === 0) return whole ? "0" : "0.00";
    if (!Number.isFinite(x) || Math.abs(x) >= 1e5 || Math.abs(x) < 0.005) return general(x, 3);
    return fixed(x, whole ? 0 : 2);
  };
  const longer = (x) => {
    const rounded = Number(fixed(x, 2).replace(MINUS, "-"));
    const exact = Math.abs(rounded - x) <= 1e-12 * Math.max(Math.abs(rounded), Math.abs(x));
    if (whole || !(Math.abs(x) < 1e5) || exact) return short(x);
    return Math.abs(x) >= 0.1 ? fixed(x, 4) : general(x, 4);
  };
  const factor = (x, write = short) => (write(x).startsWith(MINUS) ? `(${write(x)})` : write(x));
  return { short, longer, factor, full };
}

/* ------------------------------------------------------------------------------------------------- small conveniences */

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* Return an element with a class and children: strings become text. */
function make(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}

/* Return a sentence with its {holes} filled by text or elements. */
function told(template, holes) {
  const sentence = document.createDocumentFragment();
  sentence.append(...template.split(/(\{\w+\})/).map((piece) => {
    const hole = piece.startsWith("{") ? holes[piece.slice(1, -1)] : piece;
    return hole instanceof Node ? hole.cloneNode(true) : String(hole);
  }));
  return sentence;
}

/* Write another text, and title, into the picture; where it is longer than its slot was made for it gets smaller, but
   not too small to read, and what stands beside it makes way. */
function replaceText(element, text, title, beside) {
  const slot = Number((element.dataset.slot ??= element.firstChild.data.length));
  const size = Number(element.getAttribute("font-size"));
  const share = Math.min(1, Math.max(slot / text.length, 0.75));
  element.firstChild.data = text;
  element.style.fontSize = share < 0.95 ? `${(size * share).toFixed(1)}px` : "";
  if (beside) beside.style.transform = text.length > slot ? `translateX(${(Math.max(0, text.length * share - slot) * size * 0.66).toFixed(1)}px)` : "";
  if (title !== undefined) one("title", element).textContent = title;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/* ------------------------------------------------------------------------------------------------------------ a view */

class View {
  constructor(index, data, words) {
    Object.assign(this, data, { words, write: notation(data.whole) });
    this.hidden = new Set(); // wires whose gradients are not shown, whatever the step
    this.parts = all(`[data-view="${index}"]`);
    this.picture = one(".stage > svg", this.parts.find((part) => part.matches(".stage")));
    this.formula = this.parts.find((part) => part.matches(".formula"));
    this.count = this.gates.length;
    this.last = 2 * this.count + 1;
    this.backAt = this.gates.map((_, gate) => this.last - gate); // in which step a gate hands its gradient back
    const fragments = one(`template[data-fragments="${index}"]`).content;
    this.names = [...fragments.children[0].children]; // of the wires, and then of the output
    this.rootName = this.names[this.wires.length];
    this.maths = [...fragments.children[1].children];
    this.chains = [...fragments.children[2].children].map((gate) => [...gate.children]); // per gate and pin, a slope at length
    this.seeded = this.wires.flatMap(({ outside }, wire) => (outside === null ? [] : [wire]));
    this.readNumbers();
    this.findElements(this.parts.find((part) => part.matches("table")));
    this.shown = { values: [], gradients: [], reached: [] };
  }

  /* JSON has no infinity and no nan: they come as strings. */
  readNumbers() {
    for (const wire of this.wires) {
      wire.value = Number(wire.value);
      if (wire.outside !== null) wire.outside = Number(wire.outside);
    }
    for (const gate of this.gates) {
      gate.upstream = Number(gate.upstream);
      for (const pin of gate.pins) {
        for (const key of ["local", "downstream", "before", "after"]) pin[key] = Number(pin[key]);
      }
    }
  }

  /* Look everything up once: a step then touches only what changes. */
  findElements(table) {
    const by = (selector, key) => {
      const found = new Map();
      for (const element of all(selector, this.picture)) found.set(Number(element.dataset[key]), element);
      return found;
    };
    const lines = all(".gw-wire[data-wire]", this.picture);
    const ways = lines.length - this.wires.length; // bends and passages come first, then one stub a wire
    this.pieces = lines.slice(0, ways);
    this.stubs = lines.slice(ways);
    this.valueTexts = by(".gw-value[data-wire]", "wire");
    this.gradientTexts = by(".gw-gradient[data-wire]", "wire");
    this.besides = by(".gw-faint-name[data-wire]", "wire");
    this.circles = by(".gw-gate", "gate");
    this.symbols = by(".gw-symbol", "gate");
    this.pinLines = by(".gw-wire[data-pin]", "pin");
    this.localTexts = by(".gw-local[data-pin]", "pin");
    this.branchTexts = by(".gw-gradient[data-pin]", "pin");
    this.rows = all("tbody tr", table);
    this.formulaParts = all("[data-part]", this.formula);
  }

  /* ---------------------------------------------------------------------------------------- what is known at a step */

  at(step) {
    if (step === 0) return { pass: "start" };
    if (step <= this.count) return { pass: "forward", gate: step - 1 };
    if (step === this.count + 1) return { pass: "seed" };
    return { pass: "backward", gate: this.last - step };
  }

  hasValue(wire, step) {
    const source = this.wires[wire].gate;
    return source === null || source < step;
  }

  /* Return the pins of a wire whose gradients have come back, in the order of the picture. */
  arrived(wire, step) {
    return this.wires[wire].pins.filter(([gate]) => this.backAt[gate] <= step).map(([gate, pin]) => this.gates[gate].pins[pin]);
  }

  /* Return what has come in from outside of the circuit: 1 at the root, from the seed on. */
  outside(wire, step) {
    return step > this.count ? this.wires[wire].outside ?? undefined : undefined;
  }

  /* Return a wire's gradient so far; undefined where none has arrived, which is not the same as 0. */
  gradient(wire, step) {
    if (this.hidden.has(wire)) return undefined;
    let gradient = this.outside(wire, step);
    let latest = -1;
    for (const [gate, pin] of this.wires[wire].pins) {
      // two pins of one gate arrive in one step, the later pin last
      if (this.backAt[gate] <= step && this.backAt[gate] >= latest) {
        latest = this.backAt[gate];
        gradient = this.gates[gate].pins[pin].after;
      }
    }
    return gradient;
  }

  /* Return the gradients that have come back to a wire, and how many there will be. */
  shares(wire, step) {
    const [outside, { pins }] = [this.outside(wire, step), this.wires[wire]];
    const shares = this.arrived(wire, step).map((pin) => pin.downstream);
    return [outside === undefined ? shares : [outside, ...shares], pins.length + Number(this.wires[wire].outside !== null)];
  }

  /* Return what stands under a wire: at a fork the sum of what has come back so far. */
  gradientText(wire, step) {
    const { short, factor } = this.write;
    const [sum, [shares, of]] = [short(this.gradient(wire, step)), this.shares(wire, step)];
    if (shares.length < 2) return `◂ ${sum}`;
    if (of > 3) {
      const whole = `◂ sum of ${of} = ${short(this.gradient(wire, this.last))}`;
      const partial = `◂ ${shares.length} of ${of}: ${sum}`;
      return shares.length === of ? whole : partial.length <= whole.length ? partial : `◂ ${sum}`;
    }
    const read = (text) => Number(text.replace(MINUS, "-").replace("∞", "Infinity"));
    const shown = shares.reduce((total, share) => total + read(short(share)), 0);
    const equals = Math.abs(shown - read(sum)) > 0.001 ? "≈" : "=";
    return `◂ ${shares.map((share, i) => (i ? factor(share) : short(share))).join(" + ")} ${equals} ${sum}`;
  }

  /* ------------------------------------------------------------------------------------------------ showing a step */

  show(step) {
    this.wires.forEach((_, wire) => {
      this.showValue(wire, this.hasValue(wire, step));
      this.showGradient(wire, step);
    });
    this.gates.forEach((_, gate) => this.showReached(gate, gate < step, this.backAt[gate] <= step));
    this.clearWork();
    this.markWork(step);
  }

  /* Show the state after both passes, no gate at work: no gradients of hidden wires, and the local gradients only where
     there is a list that tells which of them are marked. */
  showFinal({ hidden = new Set(), locals, mark }) {
    this.rewrite();
    this.hidden = hidden;
    this.wires.forEach((_, wire) => {
      this.showValue(wire, true);
      this.showGradient(wire, this.last);
    });
    this.gates.forEach((_, gate) => this.showReached(gate, true, true));
    this.clearWork();
    if (locals) this.showLocals(locals, mark);
  }

  showLocals(marked, mark) {
    [...this.localTexts.values()].forEach((text, i) => {
      text.classList.remove("hidden");
      if (marked[i]) replaceText(text, `${text.firstChild.data} ${mark}`);
      text.classList.toggle("wrong", marked[i]);
      this.marked.push(text);
    });
  }

  /* Write another gradient under a wire; the next step writes its own again. */
  replaceGradient(wire, text, title) {
    replaceText(this.gradientTexts.get(wire), text, title);
    this.shown.gradients[wire] = undefined;
  }

  markWrong(wire) {
    this.gradientTexts.get(wire).classList.add("wrong");
  }

  /* Write another share of a gradient at a pin where a wire forks. */
  replaceBranch(index, share) {
    const branch = this.branchTexts.get(index);
    if (branch) replaceText(branch, `◂ ${this.write.short(share)}`, told(this.words.branch_title, { downstream: full(share) }).textContent);
  }

  /* Have everything written anew: numbers may have changed, or the marks of a lesson are to go. */
  rewrite() {
    const { short, factor } = this.write;
    this.hidden = new Set();
    this.shown = { values: [], gradients: [], reached: [] };
    for (const text of all(".wrong", this.picture)) text.classList.remove("wrong");
    this.wires.forEach(({ value, name }, wire) => replaceText(this.valueTexts.get(wire), short(value), `${name} = ${full(value)}`, this.besides.get(wire)));
    for (const { pins, wire: made } of this.gates) {
      for (const { index, wire, local, downstream } of pins) {
        const title = `${this.words.local_title} ∂${this.wires[made].name}/∂${this.wires[wire].name} = ${full(local)}`;
        replaceText(this.localTexts.get(index), `×${factor(local)}`, title);
        this.replaceBranch(index, downstream);
      }
    }
  }

  setWhole(whole) {
    Object.assign(this, { whole, write: notation(whole) });
  }

  showValue(wire, known) {
    if (this.shown.values[wire] === known) return;
    this.shown.values[wire] = known;
    this.valueTexts.get(wire).classList.toggle("hidden", !known);
    this.fillCell(this.rows[wire].cells[2], known ? this.wires[wire].value : undefined);
  }

  showGradient(wire, step) {
    const gradient = this.gradient(wire, step);
    const text = gradient === undefined ? "" : this.gradientText(wire, step);
    if (this.shown.gradients[wire] === text) return;
    this.shown.gradients[wire] = text;
    const element = this.gradientTexts.get(wire);
    element.classList.toggle("hidden", !text);
    this.fillCell(this.rows[wire].cells[3], gradient);
    if (!text) return;
    replaceText(element, text, `∂${this.output}/∂${this.wires[wire].name} = ${full(gradient)}`);
  }

  fillCell(cell, number) {
    const known = number !== undefined;
    cell.textContent = known ? this.write.short(number) : "·";
    cell.title = known ? full(number) : this.words.not_yet;
    cell.classList.toggle("not-yet", !known);
  }

  /* A gate is faint until its value is there; a branch shows its share of a gradient once it has handed it back. */
  showReached(gate, forward, backward) {
    const reached = Number(forward) + Number(backward);
    if (this.shown.reached[gate] === reached) return;
    this.shown.reached[gate] = reached;
    for (const element of [this.circles.get(gate), this.symbols.get(gate)]) element.classList.toggle("later", !forward);
    for (const { index, wire } of this.gates[gate].pins) this.branchTexts.get(index)?.classList.toggle("hidden", !backward || this.hidden.has(wire));
  }

  clearWork() {
    for (const element of this.marked ?? all(".gw-local", this.picture)) {
      element.classList.remove("working", "carries-values", "carries-gradients");
      element.classList.toggle("hidden", element.matches(".gw-local"));
      element.removeAttribute("aria-current");
    }
    for (const row of this.rows) row.classList.remove("active", "changed");
    for (const part of this.formulaParts) part.classList.remove("lit");
    this.ring?.remove();
    this.marked = [];
  }

  mark(element, kind) {
    element.classList.add(kind);
    this.marked.push(element);
  }

  markWork(step) {
    const { pass, gate } = this.at(step);
    if (pass === "seed") this.seeded.forEach((wire) => this.markSeed(wire));
    if (gate === undefined) return;
    const { wire, pins } = this.gates[gate];
    const kind = pass === "forward" ? "carries-values" : "carries-gradients";
    this.mark(this.stubs[wire], kind);
    for (const pin of pins) {
      for (const line of [this.stubs[pin.wire], ...pin.way.map((i) => this.pieces[i]), this.pinLines.get(pin.index)]) this.mark(line, kind);
      this.mark(this.localTexts.get(pin.index), "working");
      this.localTexts.get(pin.index).classList.remove("hidden");
      if (pass === "backward") this.rows[pin.wire].classList.add("changed");
    }
    this.rows[wire].classList.add("active");
    this.markGate(gate);
  }

  markSeed(wire) {
    this.mark(this.stubs[wire], "carries-gradients");
    this.rows[wire].classList.add("active");
  }

  markGate(gate) {
    const circle = this.circles.get(gate);
    this.mark(circle, "working");
    circle.setAttribute("aria-current", "step");
    this.ring = circle.cloneNode(false);
    this.ring.setAttribute("class", "gw-ring");
    for (const [key, change] of [["x", -4.5], ["y", -4.5], ["width", 9], ["height", 9], ["rx", 4.5]]) {
      this.ring.setAttribute(key, Number(circle.getAttribute(key)) + change);
    }
    for (const key of ["tabindex", "role", "aria-label", "aria-current"]) this.ring.removeAttribute(key);
    circle.before(this.ring);
    for (const part of this.formulaParts) part.classList.toggle("lit", Number(part.dataset.part) === gate);
  }
}

/* --------------------------------------------------------------------------------------------------------- the panel */

class Panel {
  constructor(element, words) {
    Object.assign(this, { element, words });
  }

  show(view, step) {
    this.view = view;
    this.step = step;
    const { pass, gate } = view.at(step);
    const parts = { start: () => this.start(), forward: () => this.forward(gate), seed: () => this.seed(), backward: () => this.backward(gate) };
    const closing = step === view.last ? [this.closing()] : [];
    this.element.replaceChildren(...parts[pass](), ...closing);
  }

  /* The same panel, speaking of a view. */
  of(view) {
    this.view = view;
    return this;
  }

  name(wire) {
    return this.view.names[wire].cloneNode(true);
  }

  /* Of a part some sentences are others. */
  tell(key, holes = {}) {
    const sentence = (this.view.isPart && this.words[`${key}_part`]) || this.words[key];
    return told(sentence, { root: this.view.rootName, ...holes });
  }

  number(x, write = this.view.write.longer) {
    const element = make("b", "", write(x));
    element.title = full(x);
    return element;
  }

  derivative(wire) {
    return make("span", "derivative", "∂", this.view.rootName.cloneNode(true), "/∂", this.name(wire));
  }

  heading(kind, title, remark = "") {
    const tag = make("span", `tag ${kind}`, this.words[`tag_${kind}`]);
    return make("h2", "", tag, " ", make("span", "gate-name", title), " ", make("span", "flow", remark));
  }

  gateHeading(kind, gate, remark) {
    const { name, part } = this.view.gates[gate];
    return this.heading(kind, told(this.words.gate_title, { gate: capital(name) }), part ? `${remark} · ${part}`.replace(/^ · /, "") : remark);
  }

  box(kind, caption, number, write) {
    return make("div", `box ${kind}`, make("span", "caption", ...caption), this.number(number, write));
  }

  /* ---------------------------------------------------------------------------------------------- one kind of step */

  start() {
    const { view } = this;
    const chips = view.inputs.map((wire) => make("li", "", this.name(wire), " = ", this.number(view.wires[wire].value)));
    return [this.heading("start", this.words.start_title), make("p", "rule", this.tell("start", view.counted)), make("ul", "chips", ...chips)];
  }

  forward(gate) {
    const { view } = this;
    const { name, pins } = view.gates[gate];
    const slopes = [...view.maths[gate].children].slice(1).map((math) => math.cloneNode(true));
    const rows = pins.map((pin, i) => make("li", "slope", this.slopeOf(gate, pin), " ", make("span", "sign", "="), " ", this.local(slopes[i], pin.local, view.write.longer)));
    return [
      this.gateHeading("forward", gate, ""),
      make("p", "rule", this.tell("forward", { gate: name })),
      this.made(gate),
      ...(view.gates[gate].overflow ? [make("p", "lead", this.tell("overflow"))] : []),
      make("p", "lead", this.tell("slopes")),
      make("ul", pins.length > 4 ? "slopes many" : "slopes", ...rows),
      ...this.ownOutput(gate),
    ];
  }

  /* How a gate makes its output: in names, in numbers, and what it comes to. */
  made(gate) {
    const { view } = this;
    const { longer, factor } = view.write;
    const made = view.maths[gate].firstElementChild.cloneNode(true);
    for (const hole of all("[data-wire]", made)) {
      const value = view.wires[Number(hole.dataset.wire)].value;
      hole.textContent = "factor" in hole.dataset ? factor(value, longer) : longer(value);
    }
    return make("div", "making", made);
  }

  /* What stands for the gate's own output in a slope that names it; nothing where none does. */
  ownOutput(gate) {
    const { view } = this;
    const chains = view.chains[gate].filter((chain) => one("[data-own]", chain));
    const copy = (element) => element.firstElementChild.cloneNode(true);
    return chains.slice(0, 1).map((chain) => {
      const holes = { formula: copy(chain.firstElementChild), wire: this.name(view.gates[gate].wire), spelled: copy(one("[data-own]", chain)) };
      return make("p", "lead own", this.tell("own_output", holes));
    });
  }

  slopeOf(gate, pin) {
    return make("span", "derivative", "∂", this.name(this.view.gates[gate].wire), "/∂", this.name(pin.wire));
  }

  local(slope, number, write) {
    const word = make("span", "word", this.words.local);
    return this.box("local", slope.childElementCount ? [(word.append(" = "), word), slope] : [word], number, write);
  }

  seed() {
    const { view } = this;
    const box = (wire) => this.box("downstream", [this.derivative(wire)], view.wires[wire].outside);
    return [
      this.heading("seed", this.tell("seed_title").textContent),
      make("p", "rule", this.tell("seed", { derivative: this.derivative(view.root) })),
      make("div", "seeds", ...view.seeded.map(box)),
      make("p", "lead", this.tell("seed_next")),
    ];
  }

  backward(gate) {
    const { name, flow, pins, remark } = this.view.gates[gate];
    const slopes = [...this.view.maths[gate].children].slice(1);
    const rows = pins.map((pin, i) => this.row(gate, pin, slopes[i].cloneNode(true)));
    const many = pins.length > 3; // then the captions stand once, over the columns
    if (many) rows.unshift(this.columnHeads());
    return [
      this.gateHeading("backward", gate, flow),
      make("p", "rule", this.tell("backward", { gate: name, pattern: this.words.flows[flow] })),
      make("div", many ? "rows many" : "rows", ...rows),
      ...(remark ? [make("p", "lead", remark)] : []),
      ...this.ownOutput(gate),
    ];
  }

  columnHeads() {
    const heads = ["", this.words.upstream, "×", this.words.local, "=", this.words.downstream];
    return make("div", "row heads", ...heads.map((head) => make("span", "", head)));
  }

  row(gate, pin, slope) {
    const { upstream } = this.view.gates[gate];
    const { longer, factor } = this.view.write;
    const sign = (text) => make("span", "sign", text);
    return make(
      "div", "row",
      make("div", "to", make("small", "", this.words.to_input), " ", this.name(pin.wire)),
      this.box("upstream", [this.words.upstream], upstream), sign("×"),
      this.local(slope, pin.local, (x) => factor(x, longer)), sign("="),
      this.box("downstream", [this.words.downstream], pin.downstream),
      make("p", "note", ...this.notes(gate, pin)),
    );
  }

  /* What a push on this input does or, where its wire forks, how its gradient grew. */
  notes(gate, pin) {
    const { view, step } = this;
    const { pins, outside } = view.wires[pin.wire];
    const { longer, factor } = view.write;
    if (pins.length < 2 && outside === null) return [this.effect(pin.wire, pin.kink ? "kink" : undefined, { downstream: longer(pin.downstream) })];
    const before = view.arrived(pin.wire, step - 1).length;
    const same = view.gates[gate].pins.filter((other) => other.wire === pin.wire);
    const branch = before + same.indexOf(pin) + 1;
    const holes = {
      derivative: this.derivative(pin.wire), branch, branches: pins.length,
      before: longer(pin.before), downstream: factor(pin.downstream, longer), after: this.number(pin.after),
    };
    const grown = [this.tell("branch", holes)];
    if (before === 0 && pin === same[0] && outside !== null) grown.unshift(this.tell("outside", { outside: longer(outside) }));
    return branch < pins.length ? grown : [...grown, "; ", this.tell("branches_all"), this.effect(pin.wire)];
  }

  effect(wire, key = this.view.wires[wire].effect, holes = {}) {
    const words = this.tell(key, { wire: this.name(wire), ...holes });
    // what comes into a part from outside has other ways to the output too
    const through = this.view.isPart && this.view.wires[wire].gate === null && ["raises", "lowers", "keeps"].includes(key);
    if (through) words.prepend(this.tell("through"));
    return words;
  }

  closing() {
    const { view } = this;
    const chips = view.inputs.map((wire) => {
      const chip = make("li", "", this.derivative(wire), " = ", this.number(view.gradient(wire, view.last)));
      chip.title = this.effect(wire).textContent;
      return chip;
    });
    const moral = view.inputs.some((wire) => view.wires[wire].effect === "kinked") ? "kinked" : "closing";
    return make("div", "closing", make("h3", "", this.words.closing_title), make("ul", "chips", ...chips), make("p", "lead", this.tell(moral)));
  }

  /* ------------------------------------------------------------------------------------------ the step in a sentence */

  sentence(view, step) {
    this.view = view;
    const { pass, gate } = view.at(step);
    const holes = { step, last: view.last, ...view.counted };
    if (gate !== undefined) {
      const { name, wire, pins } = view.gates[gate];
      Object.assign(holes, { gate: name, wire: this.name(wire), value: view.write.longer(view.wires[wire].value), inputs: pins.length });
      holes.shares = pins.map((pin) => this.tell("share", { wire: this.name(pin.wire), downstream: view.write.longer(pin.downstream) }).textContent).join(", ");
      if (pass === "backward" && pins.length > 3) return this.tell("say_backward_many", holes).textContent;
    }
    return this.tell(`say_${pass}`, holes).textContent;
  }
}

/* ------------------------------------------------------------------------------------------- parts of a folded graph */

/* The picture of a folded graph, in which cards are buttons that open what the page carries. */
class Folded {
  constructor({ parts, cards }, words, enter) {
    Object.assign(this, { parts, words, enter });
    this.elements = all("[data-folded]"); // what is there while nothing is opened
    this.picture = one(".overview > svg");
    this.back = one("[data-back]");
    this.select = one("#part");
    this.line = one(".opened");
    for (const [kind, of] of Object.entries(cards)) of.forEach((part, i) => this.makeButton(kind, i, part));
    this.select.addEventListener("change", () => this.select.value && this.enter(Number(this.select.value)));
    this.line.textContent = "";
  }

  makeButton(kind, i, part) {
    const card = all(`:is(.gw-card, .gw-dead-card)[data-${kind}="${i}"]`, this.picture).at(-1);
    if (!card) return; // units of many layers are not drawn
    card.setAttribute("tabindex", "0");
    card.setAttribute("role", "button");
    card.setAttribute("aria-label", told(this.words.part_button, { part: this.parts[part].name }).textContent);
    for (const element of all(`[data-${kind}="${i}"]`, this.picture)) element.addEventListener("click", () => this.enter(part, card));
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.enter(part, card);
    });
  }

  /* Return the elements of a part, and what is recorded of it; they are text until they are asked for. */
  async unpack(part) {
    const bytes = Uint8Array.from(atob(this.parts[part].packed), (c) => c.charCodeAt(0));
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
    const { markup, view } = JSON.parse(text);
    const { body } = new DOMParser().parseFromString(markup, "text/html"); // escaped when the page was made
    return [[...body.children], view];
  }

  show(part) {
    const closed = part === undefined;
    for (const element of this.elements) element.hidden = !closed;
    one(".steps").hidden = closed;
    this.back.disabled = closed;
    this.select.value = closed ? "" : String(part);
    this.line.textContent = closed ? "" : this.parts[part].told;
  }

  /* Say why a part does not open; true where it does. */
  carries(part) {
    const able = typeof DecompressionStream !== "undefined";
    if (this.parts[part].packed && able) return true;
    this.line.textContent = able ? this.parts[part].refusal : this.words.cannot_unpack;
    this.select.value = "";
    this.line.scrollIntoView({ block: "nearest" });
    return false;
  }
}

/* ---------------------------------------------------------------------------------------------------------- the page */

class Page {
  constructor() {
    const { views, words, folded, lessons } = JSON.parse(one("#recorded").textContent);
    this.words = words;
    this.views = views.map((data, index) => new View(index, data, words));
    this.panel = new Panel(one(".panel"), words);
    this.slider = one("#slider");
    this.buttons = Object.fromEntries(all("[data-go]").map((button) => [button.dataset.go, button]));
    this.toggle = one("#elementary");
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.timer = null;
    this.current = 0;
    this.step = 0;
    this.views.forEach((view) => this.makeButtons(view));
    this.folded = folded && new Folded(folded, words, (part, card) => this.open(part, card));
    this.lessons = lessons && new Lessons(this, lessons);
    this.listen();
    this.restore();
  }

  get view() {
    return this.views[this.current];
  }

  /* In the picture a gate is a circle; on the page it is also a button. */
  makeButtons(view) {
    view.picture.setAttribute("role", "group");
    view.gates.forEach(({ name, wire }, gate) => {
      const circle = view.circles.get(gate);
      circle.setAttribute("tabindex", "0");
      circle.setAttribute("role", "button");
      circle.setAttribute("aria-label", told(this.words.gate_button, { gate: name, wire: view.names[wire] }).textContent);
      for (const element of [circle, view.symbols.get(gate)]) element.addEventListener("click", () => this.jump(view, gate));
    });
  }

  listen() {
    const { first, back, next, last, play } = this.buttons;
    first.addEventListener("click", () => this.go(0));
    back.addEventListener("click", () => this.go(this.step - 1));
    next.addEventListener("click", () => this.go(this.step + 1));
    last.addEventListener("click", () => this.go(this.view.last));
    play.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.toggle?.addEventListener("change", () => this.change(Number(this.toggle.checked)));
    document.addEventListener("keydown", (event) => this.key(event));
    // after a click with a pointer the keys belong to the page again: Space plays, it does not press the button once more
    document.addEventListener("click", (event) => event.detail && document.activeElement?.matches("button, #elementary") && document.activeElement.blur());
    this.folded?.back.addEventListener("click", () => this.close());
    addEventListener("hashchange", () => this.restore());
    addEventListener("resize", () => this.view && this.fit());
    // paper cannot step: it gets the final state
    const paper = matchMedia("print");
    const turn = (printing) => this.view && this.render(printing ? this.view.last : this.step);
    paper.addEventListener("change", () => turn(paper.matches));
    addEventListener("beforeprint", () => turn(true));
    addEventListener("afterprint", () => turn(paper.matches));
  }

  key(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (!this.view || this.lessons?.final || target.closest(".tool") || target.matches("textarea, select, [contenteditable], input:not([type=range], [type=checkbox])")) return;
    const gate = target.matches(".gw-gate") ? Number(target.dataset.gate) : undefined;
    if (gate !== undefined && (key === "Enter" || key === " ")) {
      event.preventDefault();
      this.jump(this.view, gate);
      return;
    }
    if (key === " " && target.matches("button, [type=checkbox]")) return; // the button's own key
    if (event.shiftKey && /^Arrow/.test(key) && !target.matches("input")) {
      event.preventDefault();
      this.scroll(key);
      return;
    }
    const moves = { ArrowRight: () => this.go(this.step + 1), ArrowLeft: () => this.go(this.step - 1), Home: () => this.go(0), End: () => this.go(this.view.last), " ": () => (this.timer ? this.pause() : this.play()) };
    if (this.folded) moves.Escape = () => this.close();
    if (!Object.hasOwn(moves, key)) return;
    event.preventDefault();
    moves[key]();
  }

  jump(view, gate) {
    if (this.lessons?.final) return;
    this.go(this.step > view.count ? view.backAt[gate] : gate + 1);
  }

  /* ----------------------------------------------------------------------------------------- parts of a folded graph */

  /* Open a part at a step; `card` is the button that asked for it. */
  async open(part, card, step = 0) {
    if (this.timer) this.pause(false);
    this.wanted = part;
    if (!this.folded.carries(part)) return;
    this.views[part] ??= this.unpacked(part, ...(await this.folded.unpack(part)));
    if (this.wanted !== part) return; // another one was asked for meanwhile
    this.opener = card;
    this.current = part;
    this.step = Math.min(Math.max(step, 0), this.view.last);
    this.folded.show(part);
    this.render(this.step);
    this.remember("pushState");
    scrollTo({ top: 0 });
    if (card) this.folded.back.focus({ preventScroll: true });
  }

  unpacked(part, elements, data) {
    const places = { formula: ".formulas", stage: ".scroll", inputs: ".heading" };
    for (const element of elements) {
      const place = element.matches("table") ? ".wires" : element.matches("template") ? "body" : places[element.classList[0]];
      one(place).append(element);
    }
    const view = new View(part + 1, data, this.words);
    this.makeButtons(view);
    return view;
  }

  close() {
    if (this.timer) this.pause(false);
    this.wanted = this.current = undefined;
    this.hideAll();
    this.folded.show();
    this.remember("pushState");
    (this.opener ?? this.folded.select).focus();
    this.opener = undefined;
  }

  /* -------------------------------------------------------------------------------------------------------- moving */

  go(step) {
    if (this.timer) this.pause(false);
    this.move(step);
  }

  move(step) {
    this.step = Math.min(Math.max(step, 0), this.view.last);
    this.render(this.step);
    this.remember();
    if (!this.timer) this.say();
  }

  play() {
    if (this.step === this.view.last) this.move(0);
    this.timer = setInterval(() => (this.step < this.view.last ? this.move(this.step + 1) : this.pause()), 1200);
    this.showPlaying();
  }

  pause(say = true) {
    clearInterval(this.timer);
    this.timer = null;
    this.showPlaying();
    if (say) this.say();
  }

  showPlaying() {
    this.buttons.play.classList.toggle("playing", this.timer !== null);
    one("span", this.buttons.play).textContent = this.words[this.timer ? "pause" : "play"];
  }

  /* Show the other view at the step in which the same gate does the same work. */
  change(index) {
    if (index === this.current || !this.views[index]) return;
    const { pass, gate } = this.view.at(this.step);
    const [ended, other] = [this.step === this.view.last, this.views[index]];
    const [done, begun] = this.view.gates[gate]?.twin ?? [];
    this.current = index;
    const steps = { start: () => 0, forward: () => done + 1, seed: () => other.count + 1, backward: () => other.backAt[begun] };
    const step = ended ? other.last : steps[pass]();
    this.lessons?.lesson?.show();
    this.go(step);
  }

  /* ------------------------------------------------------------------------------------------------------- showing */

  /* Show once more where the page stands. */
  draw() {
    this.step = Math.min(this.step, this.view.last);
    this.render(this.step);
  }

  render(step) {
    const { view } = this;
    if (this.toggle) this.toggle.checked = this.current === 1;
    this.hideAll(view);
    if (this.lessons?.final) {
      this.lessons.lesson.paint();
    } else {
      view.show(step);
      this.panel.show(view, step);
      this.showControls(view, step);
    }
    // measured once a frame: where steps follow each other fast, a layout for each of them would make them slow
    this.frame ??= requestAnimationFrame(() => this.settle());
  }

  settle() {
    this.frame = undefined;
    if (!this.view) return;
    this.panel.element.scrollTop = 0;
    this.fit();
    if (!this.lessons?.final) this.follow(this.view, this.step);
    else if (this.lessons.lesson.aim !== undefined) this.attend(this.lessons.lesson);
  }

  /* Keep what a question is about in sight: in the circuit the wire, in the table what is known of it too. */
  attend({ aim, about }) {
    this.reveal(one(".scroll"), [this.view.stubs[aim]], 0.3);
    const row = (wire) => this.view.rows[wire];
    this.reveal(one(".wires"), about.map(row), 0.15);
  }

  /* Write the inputs' numbers in the head: by wires of the first view. */
  showInputs(numbers) {
    const listed = this.views[0].wires.flatMap(({ gate }, wire) => (gate === null ? [wire] : []));
    listed.forEach((wire, i) => {
      const [span, x] = [one(".inputs").children[i], numbers.get(wire)];
      if (!span?.title || x === undefined) return; // a constant, or one of those that are only counted
      span.title = full(x);
      span.lastChild.data = ` = ${full(x).length <= 7 ? full(x) : general(x, 3)}`;
    });
  }

  hideAll(but) {
    this.views.forEach((other) => other.parts.forEach((part) => { part.hidden = other !== but; }));
  }

  /* A circuit that scrolls is reached by Tab, and told how. */
  fit() {
    const box = one(".scroll");
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    box.toggleAttribute("tabindex", scrolls);
    if (scrolls) box.tabIndex = 0;
    one("[data-wide]").hidden = !scrolls;
  }

  scroll(key) {
    const box = one(".scroll");
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    box.scrollBy({ left: x * box.clientWidth * 0.4, top: y * box.clientHeight * 0.4, behavior: this.still.matches ? "auto" : "smooth" });
  }

  showControls(view, step) {
    const { pass } = view.at(step);
    const { first, back, next, last } = this.buttons;
    first.disabled = back.disabled = step === 0;
    next.disabled = last.disabled = step === view.last;
    const words = told(this.words.count, { step, last: view.last }).textContent;
    Object.assign(this.slider, { max: view.last, value: step });
    this.slider.setAttribute("aria-valuetext", `${words}, ${this.words[`tag_${pass}`].toLowerCase()}`);
    const track = this.slider.parentElement.style;
    track.setProperty("--at", step / view.last);
    track.setProperty("--turn", (view.count + 0.5) / view.last);
    one(".count").textContent = words;
  }

  /* Keep the gate at work, its row and its part of the formula in sight, each inside its own box: the page stays put. */
  follow(view, step) {
    const { pass, gate } = view.at(step);
    const box = one(".scroll");
    const aim = pass === "start" ? view.stubs[view.inputs[0] ?? 0] : pass === "seed" ? view.stubs[view.seeded[0]] : view.circles.get(gate);
    this.reveal(box, [aim], 0.3);
    this.reveal(one(".wires"), all("tr.active", view.rows[0].parentElement).slice(0, 1), 0.15);
    this.reveal(view.formula, all(".lit", view.formula).slice(0, 1), 0.1);
  }

  /* Scroll a box so that elements are in it, as many of them as fit, the first in any case. */
  reveal(box, elements, margin) {
    if (!elements.length || !box) return;
    const [outer, ...places] = [box, ...elements].map((element) => element.getBoundingClientRect());
    const joined = (a, b) => ({ left: Math.min(a.left, b.left), right: Math.max(a.right, b.right), top: Math.min(a.top, b.top), bottom: Math.max(a.bottom, b.bottom) });
    const inner = places.reduce((all, place) => {
      const both = joined(all, place);
      return both.bottom - both.top < outer.height * (1 - margin) ? both : all;
    });
    const shift = (start, end, from, to) => {
      const room = Math.min((end - start) * margin, Math.max(0, (end - start - (to - from)) / 2));
      return from < start + room ? from - start - room : to > end - room ? to - end + room : 0;
    };
    const [left, top] = [shift(outer.left, outer.right, inner.left, inner.right), shift(outer.top, outer.bottom, inner.top, inner.bottom)];
    if (left || top) box.scrollBy({ left, top, behavior: this.still.matches ? "auto" : "smooth" });
  }

  say() {
    one("[aria-live]").textContent = this.panel.sentence(this.view, this.step);
  }

  /* ---------------------------------------------------------------------------------------- the step in the address */

  /* Steps are written down when they come to rest, since browsers count such entries and refuse too many. */
  remember(how) {
    clearTimeout(this.memo);
    if (how) this.write(how);
    else this.memo = setTimeout(() => this.write("replaceState"), 250);
  }

  write(how) {
    const part = this.folded?.parts[this.current];
    const named = part ? `${new URLSearchParams({ open: part.name })}&`.replaceAll("%2F", "/") : "";
    const lesson = Object.entries(this.lessons?.fragment ?? {}).map(([key, text]) => `&${key}=${text}`).join("");
    const fragment = this.view ? `#${named}step=${this.step}${!this.folded && this.current ? "&gates=elementary" : ""}${lesson}` : "#";
    if (fragment === this.fragment) return;
    this.fragment = fragment;
    if (parent !== window) parent.postMessage({ gatewiseFragment: fragment.slice(1) }, "*"); // for an address around it
    // a page inside a sandbox has no history to write to, and needs none
    try { history[how](null, "", fragment); } catch { /* nothing is lost but the bookmark */ }
  }

  restore() {
    clearTimeout(this.memo);
    this.fragment = location.hash;
    const wanted = new URLSearchParams(this.fragment.slice(1));
    const given = Number.parseInt(wanted.get("step") ?? "", 10);
    const step = Number.isFinite(given) ? given : undefined;
    if (this.folded) {
      this.restorePart(wanted.get("open"), step);
      return;
    }
    if (wanted.get("gates") === "elementary" && this.views[1]) this.current = 1;
    else if (wanted.has("step")) this.current = 0;
    this.step = Math.min(Math.max(step ?? this.step, 0), this.view.last);
    this.render(this.step);
    this.lessons?.restore(wanted);
  }

  restorePart(name, step) {
    const part = this.folded.parts.findIndex((other) => other.name === name);
    if (part >= 0) this.open(part, undefined, step);
    else if (this.view) this.close();
    else this.current = undefined;
  }
}

if (typeof document === "undefined") module.exports = { full, notation };
else new Page();
