// The film: one slider, one frame; every number and every shape was made when the page was.

"use strict";

class Film {
  constructor({ frames, points }) {
    this.frames = frames;
    this.points = points;
    this.at = 0;
    this.timer = null;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.slider = document.getElementById("slider");
    this.track = document.querySelector(".track");
    this.count = document.querySelector(".count");
    this.live = document.querySelector("[aria-live]");
    this.buttons = Object.fromEntries([...document.querySelectorAll("[data-go]")].map((button) => [button.dataset.go, button]));
    this.find = (name) => new Map([...document.querySelectorAll(`[data-${name}]`)].map((found) => [found.dataset[name], found]));
    [this.told, this.marks, this.bars, this.regions] = ["told", "mark", "bar", "region"].map(this.find);
    this.heres = document.querySelectorAll("[data-here]");
    this.wrong = document.querySelector("[data-wrong]");
    this.listen();
    this.show(0);
  }

  get last() {
    return this.frames.length - 1;
  }

  listen() {
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.buttons.back.addEventListener("click", () => this.go(this.at - 1));
    this.buttons.next.addEventListener("click", () => this.go(this.at + 1));
    this.buttons.play.addEventListener("click", () => this.toggle());
    document.addEventListener("keydown", (event) => this.key(event));
    // after a click with a pointer the keys belong to the page again
    document.addEventListener("click", (event) => event.detail && document.activeElement?.matches("button") && document.activeElement.blur());
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onSlider = event.target === this.slider;
    const goals = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: this.last };
    if (event.key in goals && !onSlider) this.go(goals[event.key]); // the slider moves by itself
    else if (event.key === " " && !event.target.closest("button, a")) this.toggle();
    else return;
    event.preventDefault();
  }

  // somebody moved: the film stops, and the frame is told
  go(frame) {
    this.pause();
    this.show(Math.max(0, Math.min(frame, this.last)));
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { this.live.textContent = this.frames[this.at].say; }, 300);
  }

  toggle() {
    if (this.timer) return this.go(this.at);
    if (this.at === this.last) this.show(0);
    clearTimeout(this.saying);
    this.live.textContent = "";
    this.timer = setInterval(() => this.tick(), this.still.matches ? 1000 : Math.max(100, 6000 / this.frames.length));
    this.playing();
  }

  tick() {
    if (this.at < this.last) this.show(this.at + 1);
    if (this.at === this.last) this.go(this.last);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.playing();
  }

  playing() {
    this.buttons.play.classList.toggle("playing", Boolean(this.timer));
    this.buttons.play.lastElementChild.textContent = this.timer ? "Pause" : "Play";
  }

  show(frame) {
    const change = this.frames[(this.at = frame)];
    for (const [name, text] of Object.entries(change.told)) this.tell(this.told.get(name), text, change.full[name]);
    for (const [name, y] of Object.entries(change.marks)) this.place(this.marks.get(name), { cx: change.here, cy: y });
    for (const line of this.heres) this.place(line, { x1: change.here, x2: change.here });
    change.bars.forEach((width, i) => this.place(this.bars.get(String(i)), { width }));
    change.regions?.forEach((d, i) => this.place(this.regions.get(String(i + 1)), { d }));
    if (this.wrong) this.place(this.wrong, { d: change.wrong.filter((i) => i in this.points).map((i) => this.ring(...this.points[i])).join("") });
    this.count.textContent = change.count;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", change.count);
    this.track.style.setProperty("--at", this.last ? frame / this.last : 1);
    this.buttons.back.disabled = frame === 0;
    this.buttons.next.disabled = frame === this.last;
  }

  tell(element, text, title) {
    element.textContent = text;
    if (!title) return;
    const hint = document.createElementNS("http://www.w3.org/2000/svg", "title");
    hint.textContent = title;
    element.append(hint);
  }

  place(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  }

  ring(x, y) {
    return `M${x} ${y}m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0`;
  }
}

new Film(JSON.parse(document.getElementById("recorded").textContent));
