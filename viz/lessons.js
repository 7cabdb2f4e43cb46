/* Lessons: other things to do with a circuit than to step through it. Stands before the stepper's own script.

   mode      step, what-if, predict, break or check: one at a time, told by the address
   card      a gate's rule as functions of the list x of its inputs, printed by Python from the gate table (CARDS)
   base      the numbers that were recorded; whatever a mode does to a view, they come back when it is left */
"use strict";

/* A number as it stands in an address, where + would be a space. */
const addressed = (x) => String(x).replace("+", "");

/* Python's power: 1 to any power is 1, even to an infinite one. */
function power(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}

/* ----------------------------------------------------------------------------------------------------------- what if */

/* Both passes through a view, computed by the page as the engine does it: same rules, same order. */
class Program {
  constructor(view, { cards, inputs, leaves }, told, move) {
    Object.assign(this, { view, cards, inputs, leaves, told, move });
    this.base = structuredClone({ wires: view.wires, gates: view.gates, whole: view.whole });
  }

  numbers(gate, values) {
    return this.inputs[gate].map((x) => (typeof x === "number" ? values[x] : Number(x[0])));
  }

  /* Return the values of all wires for these leaves, or the gate that has no value or no slope there. */
  forward(leaves) {
    const values = this.base.wires.map(({ value }) => value);
    this.leaves.forEach((wire, i) => { values[wire] = leaves[i]; });
    for (const [gate, { wire }] of this.view.gates.entries()) {
      const [xs, card] = [this.numbers(gate, values), CARDS[this.cards[gate]]];
      if (card.lacksValue(xs)) return { gate, xs, lacks: "needs" };
      if (card.lacksSlope(xs)) return { gate, xs, lacks: "slopeNeeds" };
      values[wire] = card.forward(xs);
    }
    return { values };
  }

  /* Write both passes into the view; return what is lacking, and then the view is as it was. */
  run(leaves) {
    const { values, ...lacking } = this.forward(leaves);
    if (!values) return lacking;
    const { wires, gates } = this.view;
    wires.forEach((wire, i) => { wire.value = values[i]; });
    const gradients = wires.map(({ outside }) => outside ?? 0);
    const doubtful = new Set();
    for (let gate = gates.length - 1; gate >= 0; gate--) this.pull(gate, values, gradients, doubtful);
    wires.forEach((wire, i) => {
      const g = gradients[i];
      wire.effect = Number.isNaN(g) ? "unknown" : doubtful.has(i) ? "kinked" : g > 0 ? "raises" : g < 0 ? "lowers" : "keeps";
    });
    this.view.setWhole([values.at(-1), ...this.shownNumbers(values)].every((x) => !Number.isFinite(x) || Number.isInteger(x)));
    this.view.rewrite();
    return undefined;
  }

  /* The numbers that decide whether decimals are shown. */
  shownNumbers(values) {
    const inputs = this.inputs.flatMap((_, gate) => this.numbers(gate, values));
    const slopes = this.inputs.flatMap((_, gate) => this.slopes(gate, values).map((slope) => [slope, slope * this.view.gates[gate].upstream]));
    return [...inputs, ...values, ...slopes.flat()];
  }

  slopes(gate, values) {
    return CARDS[this.cards[gate]].partials(values[this.view.gates[gate].wire], this.numbers(gate, values));
  }

  pull(gate, values, gradients, doubtful) {
    const record = this.view.gates[gate];
    const [slopes, xs] = [this.slopes(gate, values), this.numbers(gate, values)];
    record.upstream = gradients[record.wire];
    record.overflow = Math.abs(values[record.wire]) === Infinity && xs.every(Number.isFinite);
    const places = this.inputs[gate].flatMap((x, place) => (typeof x === "number" ? [place] : []));
    places.forEach((place, i) => {
      const pin = record.pins[i];
      pin.local = slopes[place];
      pin.downstream = record.upstream * pin.local;
      pin.before = gradients[pin.wire];
      pin.after = gradients[pin.wire] = pin.before + pin.downstream;
      pin.kink = this.bends(gate, place, xs, values[record.wire]);
      if (pin.kink || (doubtful.has(record.wire) && pin.local)) doubtful.add(pin.wire);
    });
  }

  /* Tell whether the output bends or jumps where an input stands: the slopes of its two sides differ. */
  bends(gate, place, xs, z) {
    const [card, moved, x] = [CARDS[this.cards[gate]], this.inputs[gate][place], xs[place]];
    const move = this.move * Math.min(1, Math.abs(x) || 1);
    const slope = (by) => {
      const there = xs.map((y, i) => (this.inputs[gate][i] === moved ? y + by : y));
      return card.lacksValue(there) ? NaN : (card.forward(there) - z) / by;
    };
    const [left, right] = [slope(-move), slope(move)];
    return slopesDiffer(left, right, z, x, move);
  }

  restore() {
    const { wires, gates, whole } = structuredClone(this.base);
    Object.assign(this.view, { wires, gates });
    this.view.setWhole(whole);
    this.view.rewrite();
  }
}

/* A prediction is off by much if it is off by more than this share of the change that was promised. */
const MUCH = 0.1;

class WhatIf {
  constructor(page, { programs, cards, move, unprinted }) {
    Object.assign(this, { page, unprinted, words: page.words });
    if (unprinted) return;
    this.programs = programs.map((program, i) => new Program(page.views[i], program, cards, move));
    const [{ base, leaves }] = this.programs;
    this.recorded = leaves.map((wire) => base.wires[wire].value);
    this.numbers = [...this.recorded];
  }

  get program() {
    return this.programs[this.page.current];
  }

  elements() {
    const { page, words } = this;
    if (this.unprinted) return [make("p", "rule", told(words.whatif_unprinted, { gate: this.unprinted }))];
    const [view] = page.views;
    this.fields = this.programs[0].leaves.map((wire, i) => this.field(view.names[wire], view.wires[wire].name, i));
    this.status = make("p", "rule");
    this.status.setAttribute("role", "status");
    this.reset = make("button", "", words.reset);
    this.reset.type = "button";
    this.reset.addEventListener("click", () => this.start());
    return [make("div", "knobs", ...this.fields.map(({ row }) => row)), make("div", "knob-line", this.status, this.reset)];
  }

  field(name, label, i) {
    const [number, slider] = ["number", "range"].map((type) => Object.assign(make("input"), { type, step: "any" }));
    const base = this.recorded[i];
    const reach = 2 * Math.max(1, Math.abs(base));
    if (Number.isFinite(reach)) Object.assign(slider, { min: base - reach, max: base + reach });
    else slider.disabled = true;
    slider.setAttribute("aria-label", told(this.words.slider_of, { wire: label }).textContent);
    number.addEventListener("input", () => this.change(i, number.valueAsNumber, number));
    slider.addEventListener("input", () => this.change(i, slider.valueAsNumber, slider));
    return { number, slider, row: make("div", "knob", make("label", "", name.cloneNode(true), " = ", number), slider) };
  }

  change(i, x, from) {
    if (Number.isNaN(x)) return; // somebody is still typing
    this.numbers[i] = x;
    this.show(from);
    this.page.remember();
  }

  /* Run the numbers through the view that is shown, and tell how well its gradients predicted the result. */
  show(from) {
    if (this.unprinted) return;
    const { page, program, words } = this;
    this.fields.forEach(({ number, slider }, i) => {
      if (number !== from) number.value = String(Number(this.numbers[i].toPrecision(12)));
      if (slider !== from) slider.value = String(this.numbers[i]);
    });
    const changed = this.numbers.some((x, i) => !Object.is(x, this.recorded[i]));
    const lacking = changed ? program.run(this.numbers) : void program.restore();
    this.status.classList.toggle("alarm", Boolean(lacking));
    this.status.replaceChildren(lacking ? this.lack(lacking) : changed ? this.prediction() : told(words.whatif, { root: page.view.rootName }));
    this.reset.disabled = !changed;
    this.showInputs(this.numbers);
    page.draw();
    page.say(); // gradients are others now
  }

  prediction() {
    const { base, leaves, view } = this.program;
    const { longer } = view.write;
    const root = base.wires[view.root].value;
    const gradient = (wire) => base.wires[wire].pins.reduce((last, [gate, pin]) => {
      const order = base.gates.length - gate; // the last to hand back has the whole sum
      return order >= last.order ? { order, after: base.gates[gate].pins[pin].after } : last;
    }, { order: -1, after: base.wires[wire].outside ?? 0 }).after;
    const moved = leaves.map((wire, i) => [gradient(wire), this.numbers[i] - this.recorded[i]]).filter(([, by]) => by !== 0);
    const change = moved.reduce((sum, [slope, by]) => sum + slope * by, 0);
    const real = view.wires[view.root].value;
    const off = real - root - change;
    const holes = { root: view.rootName, base: longer(root), change: view.write.factor(change, longer), predicted: longer(root + change), real: longer(real), off: longer(off) };
    const far = Math.abs(off) > MUCH * Math.abs(change) && Number(longer(off).replace(MINUS, "-")) !== 0;
    return told(this.words.prediction + (far ? ` ${this.words.prediction_far}` : ""), holes);
  }

  lack({ gate, xs, lacks }) {
    const { program, words } = this;
    const { name, pins } = program.view.gates[gate];
    const got = xs.map((x, i) => `${xs.length > 2 ? `x${i + 1}` : "xy"[i]} = ${full(x)}`).join(", ");
    const from = [...new Set(pins.map(({ wire }) => program.view.wires[wire].name))].join(", ");
    return told(words[`lacks_${lacks}`], { gate: name, needs: program.told[program.cards[gate]][lacks], got, from });
  }

  start(numbers = this.recorded) {
    this.numbers = this.recorded?.map((x, i) => numbers[i] ?? x);
    this.show();
    this.page.remember();
  }

  leave() {
    if (this.unprinted) return;
    this.programs.forEach((program) => program.restore());
    this.showInputs(this.recorded);
  }

  showInputs(numbers) {
    this.page.showInputs(new Map(this.programs[0].leaves.map((wire, i) => [wire, numbers[i]])));
  }

  get fragment() {
    if (this.unprinted || this.numbers.every((x, i) => Object.is(x, this.recorded[i]))) return {};
    return { inputs: this.numbers.map((x, i) => (Object.is(x, this.recorded[i]) ? "" : addressed(x))).join(",") };
  }

  restore(wanted) {
    const given = (wanted.get("inputs") ?? "").split(",").map((text) => (/\d|Infinity/.test(text) && !Number.isNaN(Number(text)) ? Number(text) : undefined));
    this.start(given);
  }
}

/* ---------------------------------------------------------------------------------------------- predict, then reveal */

/* The answers so far, each judged as Question.judge does it; `near` is printed from Python's own. */
class Judge {
  constructor(exercise) {
    this.exercise = exercise;
    this.given = [];
    const numbers = (xs) => xs.map(Number);
    this.questions = exercise.questions.map((question) => ({
      ...question,
      accepted: numbers(question.accepted),
      faithful: numbers(question.faithful),
      mistakes: Object.entries(question.mistakes).map(([kind, sums]) => [kind, sums.map(numbers)]),
      terms: question.terms.map((term) => ({ ...term, upstream: Number(term.upstream) })),
    }));
  }

  workedOut([constant, ...factors], upstreams) {
    return factors.reduce((sum, factor, i) => (factor ? sum + factor * upstreams[i] : sum), constant);
  }

  judge(question, given) {
    if (question.accepted.some((number) => near(given, number, ...question.measure))) return { given, kind: "right", meant: question.accepted[0], slips: [] };
    const { own, slips } = this.own(question);
    for (const upstreams of own) {
      const number = this.workedOut(question.faithful, upstreams);
      if (near(given, number, ...question.measure)) return { given, kind: slips.length ? "carried" : "right", meant: number, slips };
    }
    const ways = [[question.terms.map(({ upstream }) => upstream), []], ...own.map((upstreams) => [upstreams, slips])];
    for (const find of [this.mistaken, this.roundedTooFar, this.roughlyMistaken]) {
      for (const [upstreams, told] of ways) {
        const found = find.call(this, question, given, upstreams, told);
        if (found) return { given, slips: told, ...found };
      }
    }
    return { given, kind: "wrong", meant: given, slips: [] };
  }

  /* The upstream gradients by the earlier answers, as given and as meant, and which of these are slips. */
  own({ terms }) {
    const seed = { given: 1, kind: "right", meant: 1 };
    const sources = terms.map(({ source }) => (source === null ? seed : this.given[source - 1]));
    const slips = sources.filter(({ kind }) => kind !== "right").map(({ given }) => given);
    return { own: [sources.map(({ given }) => given), sources.map(({ meant }) => meant)], slips: [...new Set(slips)] };
  }

  mistaken({ mistakes, measure }, given, upstreams, _slips, alike = (number) => near(given, number, ...measure)) {
    for (const [kind, sums] of mistakes) {
      const meant = sums.map((linear) => this.workedOut(linear, upstreams)).find((number) => !Number.isNaN(number) && alike(number));
      if (meant !== undefined) return { kind, meant };
    }
    return undefined;
  }

  roughlyMistaken(question, given, upstreams, slips) {
    const found = question.digits ? this.mistaken(question, given, upstreams, slips, (number) => this.far(question, given, number)) : undefined;
    return found && { ...found, rough: true };
  }

  /* A right answer that was rounded too far; one from a slip is not to be asked for once more. */
  roundedTooFar(question, given, upstreams, slips) {
    const number = this.workedOut(question.faithful, upstreams);
    if (!question.digits || !this.far(question, given, number)) return undefined;
    return slips.length ? { kind: "loose", meant: number } : { kind: "close", meant: given };
  }

  far({ measure: [tolerance, half] }, given, number) {
    const rounded = [1, 2].map((places) => Number(general(number, places).replaceAll(MINUS, "-").replace("∞", "Infinity")));
    return near(given, number, 2 * tolerance, 2 * half) || rounded.some((x) => near(given, x, this.exercise.exact, 0));
  }

  add(number) {
    this.given.push(this.judge(this.questions[this.given.length], number));
  }

  /* The verdict in words; `write` writes a number. */
  words(i, judged, write) {
    const { verdicts, rough, own } = this.exercise;
    const verdict = (verdicts[judged.kind] + (judged.rough ? rough : "")).replace("{digits}", this.questions[i].digits);
    const slips = [...new Set(judged.slips.map(write))];
    return slips.length ? verdict + own[Number(slips.length > 1)].replace("{upstreams}", listed(slips)) : verdict;
  }

  /* All answers so far counted, in words. */
  get summary() {
    const { tally } = this.exercise;
    const counts = new Map();
    for (const { kind } of this.given) {
      const counted = kind in tally ? kind : "wrong";
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
    }
    const told = Object.entries(tally).filter(([kind, words]) => counts.has(kind) || words.includes("{of}"));
    return told.map(([kind, words]) => words.replace("{count}", counts.get(kind) ?? 0).replace("{of}", this.given.length)).join(", ");
  }
}

/* Words as a list in a sentence, each once. */
function listed(words) {
  const each = [...new Set(words)];
  return each.length > 1 ? `${each.slice(0, -1).join(", ")} and ${each.at(-1)}` : each[0];
}

class Predict {
  constructor(page, exercise) {
    Object.assign(this, { page, exercise, words: page.words, view: page.views[0], judge: new Judge(exercise) });
  }

  get questions() {
    return this.judge.questions;
  }

  get given() {
    return this.judge.given;
  }

  get panel() {
    return this.page.panel.of(this.view);
  }

  /* The wire that is asked about; undefined once all are answered. */
  get aim() {
    return this.questions[this.given.length]?.wire;
  }

  read(text) {
    const { number, thousands } = this.exercise;
    const plain = text.trim().replaceAll("−", "-").replaceAll("∞", "inf");
    if (!new RegExp(`^(?:${number})$`, "i").test(plain) || new RegExp(`^(?:${thousands})$`).test(plain)) return undefined;
    return Number(plain.replace(",", ".").replace(/inf(inity)?$/i, "Infinity").replace(/^nan$/i, "NaN"));
  }

  elements() {
    this.status = make("p", "rule");
    this.status.setAttribute("role", "status");
    this.input = Object.assign(make("input", "answer"), { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
    this.asked = make("label", "asked");
    this.exact = make("span", "lead");
    this.heading = make("h2");
    this.score = make("span", "lead");
    this.terms = make("div", "terms");
    this.form = make("form", "", this.asked, Object.assign(make("button", "main", this.words.answer), { type: "submit" }), this.exact);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.list = make("ol", "answers");
    this.again = Object.assign(make("button", "", this.words.again), { type: "button" });
    this.again.addEventListener("click", () => { this.start(); this.input.focus(); });
    return [make("div", "tool-head", this.heading, this.score, this.again), this.terms, this.form, this.status, this.list];
  }

  submit() {
    const [number, i] = [this.read(this.input.value), this.given.length];
    const judged = number === undefined ? undefined : this.judge.judge(this.questions[i], number);
    if (!judged || judged.kind === "close") {
      this.status.replaceChildren(judged ? this.told(i, judged, "verdict_close") : this.words.unread);
      this.input.select();
      return;
    }
    this.judge.add(number);
    this.show();
    if (this.aim === undefined) this.again.focus();
    else this.input.focus();
    this.page.remember();
  }

  told(i, judged, key = judged.kind === "right" ? "verdict_right" : "verdict_wrong") {
    const { longer } = this.view.write;
    const { wire } = this.questions[i];
    const holes = { derivative: this.panel.derivative(wire), answer: longer(judged.given), verdict: this.judge.words(i, judged, longer), right: this.product(i) };
    return told(this.words[key], holes);
  }

  /* The right answer, as the sum of what its branches bring where these are few: 3 × 2 + 5 × 1 = 11. */
  product(i) {
    const { terms, accepted: [right] } = this.questions[i];
    const { longer, factor } = this.view.write;
    const local = ({ gate, pin }) => this.view.gates[gate].pins[pin].local;
    const written = terms.map((term, place) => `${(place ? factor : longer)(term.upstream, longer)} × ${factor(local(term), longer)}`);
    if (written.length > 3) return longer(right);
    return make("span", "", `${written.join(" + ")} = ${longer(right)}`, ...terms.flatMap((term) => this.working(term)));
  }

  /* How the local gradient comes about: in names, in numbers, and what it comes to; nothing where it is a mere number. */
  working({ gate, pin }) {
    const { panel, view } = this;
    const [chain, record] = [this.chain(gate, pin), view.gates[gate].pins[pin]];
    const number = view.write.longer(record.local);
    if (!chain.length || chain.at(-1).textContent === number) return [];
    return [", with ", panel.slopeOf(gate, record), " = ", ...chain, ` = ${number}`];
  }

  /* The forms of a local gradient, with equals signs between them. */
  chain(gate, pin) {
    return [...this.view.chains[gate][pin].children].flatMap((piece, i) => [...(i ? [" = "] : []), piece.cloneNode(true)]);
  }

  /* ---------------------------------------------------------------------------------------------- what is asked */

  /* A gate that hands a gradient back to this wire: how it worked, its upstream gradient, its local one. */
  term(term) {
    const { panel, view, words } = this;
    const { gate, pin } = term;
    const { name, pins } = view.gates[gate];
    const local = make("div", "box local", make("span", "caption", words.local, " ", panel.slopeOf(gate, pins[pin])));
    const chain = this.chain(gate, pin);
    local.append(chain.length ? make("b", "chain", ...chain) : panel.number(pins[pin].local));
    const made = panel.made(gate);
    made.prepend(make("span", "tag", told(words.gate_title, { gate: name })));
    const own = chain.some((piece) => piece instanceof Node && piece.matches("[data-own]")) ? panel.ownOutput(gate) : [];
    return make("div", "term", made, make("div", "factors", this.upstream(term), make("span", "sign", "×"), local), ...own);
  }

  /* An upstream gradient: the seed, or an answer; where that was another number, it stands beside. */
  upstream({ gate, source, upstream }) {
    const { panel, view, words } = this;
    const origin = source === null ? words.seed_word : told(words.answer_word, { number: source }).textContent;
    const box = panel.box("upstream", [words.upstream, " ", panel.derivative(view.gates[gate].wire), `, ${origin}`], upstream);
    if (this.isSlip(source)) box.append(make("small", "", told(words.slip_word, { answer: view.write.longer(this.given[source - 1].given) })));
    return box;
  }

  isSlip(source) {
    return source !== null && this.given[source - 1].kind !== "right";
  }

  showQuestion({ wire, terms, digits }) {
    const { panel, words } = this;
    const fork = terms.length > 1 ? [make("p", "lead", told(words.fork, { wire: panel.name(wire), branches: terms.length }))] : [];
    const slips = terms.some(({ source }) => this.isSlip(source));
    this.terms.replaceChildren(...fork, make("div", "branches", ...terms.map((term) => this.term(term))), ...(slips ? [make("p", "lead slip", words.slip)] : []));
    this.exact.replaceChildren(digits ? told(words.exact_to, { digits }) : words.exact);
    this.asked.replaceChildren(panel.derivative(wire), " = ", this.input);
    this.input.value = "";
  }

  show() {
    const [done, of] = [this.given.length, this.questions.length];
    const question = this.questions[done];
    this.heading.replaceChildren(question ? told(this.words.question, { number: done + 1, of }) : this.judge.summary);
    this.score.replaceChildren(question && done ? this.judge.summary : "");
    if (question) this.showQuestion(question);
    else this.terms.replaceChildren(make("p", "rule", this.words.scored));
    this.form.hidden = !question;
    this.status.replaceChildren(...(done ? [this.told(done - 1, this.given[done - 1])] : []));
    // the newest stands above them
    this.list.replaceChildren(...this.given.map((judged, i) => make("li", "", this.told(i, judged))).slice(0, -1));
    this.again.hidden = !done;
    this.page.draw();
    this.scrollToEnd();
  }

  /* Show the newest lines of the list, the first of them whole. */
  scrollToEnd() {
    const { list } = this;
    list.style.paddingBottom = "";
    const beyond = list.scrollHeight - list.clientHeight;
    const top = [...list.children].map((line) => line.offsetTop - list.offsetTop).find((place) => place >= beyond) ?? beyond;
    list.style.paddingBottom = `${top - beyond}px`;
    list.scrollTop = top;
  }

  /* The wires whose gradients a question is about: the one that is asked for, and those that are known. */
  get about() {
    const question = this.questions[this.given.length];
    return question ? [question.wire, ...question.terms.map(({ gate }) => this.view.gates[gate].wire)] : [];
  }

  paint() {
    this.view.showFinal({ hidden: new Set(this.questions.slice(this.given.length).map(({ wire }) => wire)) });
    if (this.aim !== undefined) this.view.markSeed(this.aim);
  }

  start(answers = []) {
    this.judge.given = [];
    for (const answer of answers.slice(0, this.questions.length)) this.judge.add(answer);
    this.show();
    this.page.remember();
  }

  leave() {}

  get fragment() {
    return this.given.length ? { answers: this.given.map(({ given }) => addressed(given)).join(",") } : {};
  }

  restore(wanted) {
    const given = (wanted.get("answers") ?? "").split(",").filter((text) => text !== "").map(Number);
    this.start(given);
  }
}

/* ---------------------------------------------------------------------------------------------------- break it; check */

/* Return a table of rows of cells, each a string or an element; rows that are marked stand out. */
function tabled(heads, rows) {
  const cells = (tag, row) => make("tr", "", ...row.map((cell) => make(tag, "", cell)));
  const body = rows.map(({ cells: row, wrong }) => {
    const line = cells("td", row);
    line.classList.toggle("wrong", wrong);
    return line;
  });
  return make("table", "", make("thead", "", cells("th", heads)), make("tbody", "", ...body));
}

class Break {
  constructor(page, bugs) {
    Object.assign(this, { page, bugs, words: page.words, view: page.views[0], bug: 0 });
  }

  elements() {
    this.select = make("select", "", ...this.bugs.map(({ title }, i) => Object.assign(make("option", "", title), { value: i })));
    this.select.addEventListener("change", () => { this.start(Number(this.select.value)); });
    this.status = make("p", "rule");
    this.status.setAttribute("role", "status");
    this.rows = make("div");
    return [make("label", "chosen", this.words.bug, " ", this.select), this.status, this.rows];
  }

  wrong(wire) {
    return Number(this.bugs[this.bug].gradients[wire]);
  }

  /* Return two numbers in as few digits as tell them apart. */
  apart(x, other) {
    const { short, longer } = this.view.write;
    const write = [short, longer, full].find((way) => way(x) !== way(other)) ?? short;
    return write(x);
  }

  show() {
    const { view, words } = this;
    const { words: said, differs } = this.bugs[this.bug];
    this.select.value = String(this.bug);
    this.status.textContent = said;
    const rows = view.wires.map((_, wire) => {
      const [right, wrong] = [view.gradient(wire, view.last) ?? 0, this.wrong(wire)];
      const mark = differs[wire] ? `${words.wrong} ${this.apart(wrong, right)}` : this.apart(wrong, right);
      return { cells: [view.names[wire].cloneNode(true), this.apart(right, wrong), mark], wrong: differs[wire] };
    });
    this.rows.replaceChildren(tabled([words.wire, words.right, words.broken], rows));
    this.page.draw();
  }

  paint() {
    const { view, words } = this;
    const { differs: wrong, sums, branches } = this.bugs[this.bug];
    view.showFinal({});
    for (const [pin, share] of Object.entries(branches)) view.replaceBranch(Number(pin), Number(share));
    wrong.forEach((differs, wire) => {
      if (!differs) {
        if (sums[wire]) view.replaceGradient(wire, sums[wire]);
        return;
      }
      const right = view.gradient(wire, view.last) ?? 0;
      view.replaceGradient(wire, `${words.wrong} ${this.apart(this.wrong(wire), right)}`, `${words.right}: ${full(right)}`);
      view.markWrong(wire);
    });
  }

  /* Unless a bug is named, the first that shows on this graph. */
  start(bug = this.bugs.findIndex(({ differs }) => differs.some(Boolean))) {
    this.bug = this.bugs[bug] ? bug : 0;
    this.show();
    this.page.remember();
  }

  leave() {}

  get fragment() {
    return { bug: this.bugs[this.bug].name };
  }

  restore(wanted) {
    const bug = this.bugs.findIndex(({ name }) => name === wanted.get("bug"));
    this.start(bug < 0 ? undefined : bug);
  }
}

class Check {
  constructor(page, { verdict, pins }) {
    Object.assign(this, { page, verdict, pins, words: page.words, view: page.views[0] });
  }

  elements() {
    const { view, words } = this;
    const rows = this.pins.map(({ gate, wire, text, title, wrong }) => {
      const way = make("span", "derivative", view.names[wire].cloneNode(true), " → ", view.names[view.gates[gate].wire].cloneNode(true));
      const compared = make("b", "local", text);
      return { cells: [view.gates[gate].name, way, compared, title], wrong };
    });
    return [make("p", "rule", this.verdict), make("p", "lead", words.check), tabled([words.gate, words.edge, words.compared, words.numeric], rows)];
  }

  show() {
    this.page.draw();
  }

  paint() {
    this.view.showFinal({ locals: this.pins.map(({ wrong }) => wrong), mark: this.words.wrong });
  }

  start() {
    this.show();
    this.page.remember();
  }

  restore() {
    this.start();
  }

  leave() {}

  get fragment() {
    return {};
  }
}

/* ------------------------------------------------------------------------------------------------------- the modes */

class Lessons {
  constructor(page, given) {
    this.page = page;
    const kinds = { "what-if": ["whatif", WhatIf], predict: ["predict", Predict], break: ["break", Break], check: ["check", Check] };
    this.modes = {};
    for (const [mode, [key, Kind]] of Object.entries(kinds)) if (given[key]) this.modes[mode] = new Kind(page, given[key]);
    this.mode = "step";
    this.row = one(".modes");
    this.tool = one(".tool");
    this.row.hidden = Object.keys(this.modes).length === 0;
    for (const button of all("button", this.row)) {
      button.hidden = button.dataset.mode !== "step" && !this.modes[button.dataset.mode];
      button.addEventListener("click", () => this.choose(button.dataset.mode));
    }
  }

  get lesson() {
    return this.modes[this.mode];
  }

  /* Whether the circuit shows the final state of a lesson and not a step. */
  get final() {
    return this.lesson !== undefined && this.mode !== "what-if";
  }

  choose(mode, wanted) {
    if (mode === this.mode && !wanted) return;
    this.enter(mode);
    if (!this.lesson) this.page.draw();
    else if (wanted) this.lesson.restore(wanted);
    else this.lesson.start();
    if (mode === "what-if" && !wanted?.has("step") && this.page.step === 0) this.page.go(this.page.view.last); // there is more to see
    this.page.remember();
  }

  enter(mode) {
    if (this.page.timer) this.page.pause(false);
    this.lesson?.leave();
    this.mode = this.modes[mode] ? mode : "step";
    if (this.final) this.page.current = 0;
    this.page.views.forEach((view) => view.rewrite());
    one(".steps").dataset.mode = this.mode;
    document.body.classList.toggle("final", this.final);
    for (const button of all("button", this.row)) button.setAttribute("aria-pressed", String(button.dataset.mode === this.mode));
    one(".controls").hidden = one(".panel").hidden = this.final;
    this.page.toggle?.closest("label").classList.toggle("unused", this.final);
    this.tool.hidden = !this.lesson;
    this.tool.setAttribute("aria-label", one(`[data-mode="${this.mode}"]`, this.row).textContent);
    this.tool.replaceChildren(...(this.lesson?.elements() ?? []));
  }

  get fragment() {
    return this.lesson ? { mode: this.mode, ...this.lesson.fragment } : {};
  }

  restore(wanted) {
    const mode = wanted.get("mode") ?? "step";
    if (this.modes[mode] || this.lesson) this.choose(mode, this.modes[mode] ? wanted : undefined);
  }
}
