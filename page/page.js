"use strict";

const $ = id => document.getElementById(id);
const LANGUAGES = Object.keys(WORDS);
const STORED_LANGUAGE = "autoencoders.language";

// ======== The data: networks, test images, the planes, the epochs. ========

const data = JSON.parse($("data").textContent);
$("data").remove(); // millions of characters that are not needed twice
const labels = bytes(data.labels);
const images = withRunsOfZeros(bytes(data.images), 784 * labels.length);

function readWeights(network) {
  const spread = network.spread ? [network.spread] : [];
  for (const layer of [...network.encoder, ...network.decoder, ...spread]) {
    layer.weights = layer.weights.map(readWeight);
  }
  return network;
}

// The order of the post; then a script of your own, and what is no neural network.
const POST = ["simple_ae", "sparse_ae", "deep_ae", "conv_ae", "denoise_ae", "seq2seq_ae", "vae"];
function rank({name, baseline}) {
  if (baseline) return name === "pca" ? 100 : 101;
  return POST.includes(name) ? POST.indexOf(name) : POST.length;
}
const networks = data.networks.sort((a, b) => rank(a) - rank(b));
const trained = networks.filter(network => network.encoder);
trained.forEach(readWeights);
const epochs = data.epochs.map(readWeights);
const plain = data.plain && readWeights(data.plain);
const pullable = trained.filter(network => codeLength(network) > 0);

const planes = data.planes.map(({network, codes}) => {
  const numbers = floats(codes);
  return {
    name: network,
    network: network === "plain" ? plain : trained.find(({name}) => name === network),
    codes: numbers,
    limit: planeLimit(numbers), // the plane shows -limit to limit in both directions
    point: [0, 0], // the code that is decoded: it stays until another is chosen
    preview: null, // the place under the mouse
    code: null, // of the drawing
    spread: null, // of this code, if it has one
    points: null, // a picture of all test images
  };
});
const vaePlane = planes.find(({network}) => network.spread);

// ======== The state, which is also the address, and what follows from it. ========

const state = {
  drawing: {kind: "image", number: 0}, // or {kind: "picture", name}, {kind: "strokes", strokes}
  noise: 0,
  seed: 1, // of the noise
  network: pullable[0]?.name, // whose code can be pulled
  epoch: epochs.at(-1)?.epoch,
  sort: "post",
};
const SORTS = {post: rank, size: codeLength, error: network => network.error};

const current = {
  strokes: [], // on the pad; none for a test image
  clean: new Float32Array(784), // the drawing as an image
  input: new Float32Array(784), // with noise: what the networks see
  noise: noiseOf(state.seed),
};

function strokesOf(drawing) {
  if (drawing.kind === "picture") return PICTURES[drawing.name]();
  return drawing.kind === "strokes" ? drawing.strokes : [];
}

function imageOf(number) {
  return Float32Array.from(images.subarray(784 * number, 784 * (number + 1)), value => value / 255);
}

function setDrawing(drawing) {
  held = undefined; // a stroke that is being drawn has ended, whatever replaces it
  state.drawing = drawing;
  showDrawing();
}

function showDrawing() {
  const {drawing} = state;
  current.strokes = strokesOf(drawing);
  current.clean = drawing.kind === "image" ? imageOf(drawing.number) : toMnist(current.strokes);
  paintPad($("pad"), current.strokes);
  if (drawing.kind === "image") {
    paintOnPad($("pad"), current.clean);
    if (document.activeElement !== $("number")) $("number").value = drawing.number;
  }
  $("undo").disabled = current.strokes.length === 0;
  changed();
}

// ---- the address ----

function address() {
  const {drawing, noise, seed, network, epoch, sort} = state;
  const parts = {
    image: () => ["image", drawing.number],
    picture: () => ["picture", drawing.name],
    strokes: () => ["strokes", strokesToText(drawing.strokes)],
  };
  const values = [
    parts[drawing.kind](), ["noise", noise], ["seed", seed], ["network", network], ["epoch", epoch],
    ["sort", sort], ["language", document.documentElement.lang],
  ];
  return values.filter(([, value]) => value !== undefined).map(pair => pair.join("=")).join("&");
}

let writing; // the address is written when nothing has changed for a moment
function writeAddress() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    try { history.replaceState(null, "", `#${address()}`); } catch { /* not in every frame */ }
  }, 250);
}

const isWhole = (text, low, high) => /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high;

// What an address may say, and what it sets; what is wrong or foreign in it is passed over.
const READ = {
  image: text => isWhole(text, 0, labels.length - 1) && {drawing: {kind: "image", number: Number(text)}},
  picture: text => Object.keys(PICTURES).includes(text) && {drawing: {kind: "picture", name: text}},
  strokes: text => {
    const strokes = text === "" ? [] : strokesFromText(text);
    return strokes && {drawing: {kind: "strokes", strokes}};
  },
  noise: text => /^[01](\.\d+)?$/.test(text) && Number(text) <= 1 && {noise: Number(text)},
  seed: text => isWhole(text, 1, 999999) && {seed: Number(text)},
  network: text => pullable.some(({name}) => name === text) && {network: text},
  epoch: text => epochs.some(({epoch}) => String(epoch) === text) && {epoch: Number(text)},
  sort: text => Object.keys(SORTS).includes(text) && {sort: text},
  language: text => LANGUAGES.includes(text) && {language: text},
  section: text => isWhole(text, 1, 6) && {section: Number(text)},
};

function readAddress() {
  const read = {};
  for (const [key, text] of new URLSearchParams(location.hash.slice(1))) {
    if (Object.hasOwn(READ, key)) Object.assign(read, READ[key](text));
  }
  const {language, section, ...rest} = read;
  Object.assign(state, rest);
  held = undefined;
  return {language, section};
}

// ======== What a reader sees first: the pad, the networks, their answers. ========

function nameOf({name, baseline}) {
  return baseline ? say(`${name}Name`) : name;
}

function element(tag, properties = {}, ...children) {
  const result = Object.assign(document.createElement(tag), properties);
  result.append(...children);
  return result;
}

function image(id) {
  const canvas = element("canvas", {id, className: "image", width: 28, height: 28});
  canvas.setAttribute("role", "img");
  return canvas;
}

function setUpAnswers() {
  const caption = element("figcaption", {innerHTML: '<b></b><span class="sizes"></span>'});
  $("answers").append(element("figure", {id: "tile-input"}, image("input"), caption));
  for (const network of networks) {
    const figure = element("figure", {id: `tile-${network.name}`});
    const words = element("figcaption", {innerHTML: "<b></b>"});
    if (network.encoder) {
      const numbers = codeLength(network);
      words.innerHTML += `<span class="sizes">784 → ${numbers} → 784</span>${hourglass(numbers)}`
        + '<span class="error"></span><div class="bar"><i></i></div>';
      figure.append(image(`answer-${network.name}`));
    } else {
      figure.className = "missing";
      words.innerHTML += `<span class="why"></span><br><code>python ${network.name}.py</code>`;
    }
    figure.append(words);
    $("answers").append(figure);
  }
}

function sayAnswers() {
  $("tile-input").querySelector("b").textContent = say("input");
  $("tile-input").querySelector(".sizes").textContent = say("inputSize");
  $("input").setAttribute("aria-label", say("input"));
  for (const network of networks) {
    const figure = $(`tile-${network.name}`);
    figure.querySelector("b").textContent = nameOf(network);
    if (network.encoder) {
      const label = say("tileName", {name: nameOf(network)});
      figure.querySelector("canvas").setAttribute("aria-label", label);
    } else {
      figure.querySelector(".why").textContent = ` ${say("notTrained")}`;
    }
  }
}

// What is to be computed waits until the browser has time for it: what was drawn a moment
// ago is never waited for, and what has waited longer comes first.
const jobs = [...trained.map(network => () => answer(network))];
if (epochs.length > 0) jobs.push(() => showEpochs());
if (plain) jobs.push(() => showPlainCode());
let waiting = [];

function changed() {
  current.input = withNoise(current.clean, state.noise, current.noise);
  $("level").value = state.noise.toFixed(2);
  paintImage($("input"), current.input);
  if (waiting.length === 0) requestAnimationFrame(work);
  waiting = [...waiting, ...jobs.filter(job => !waiting.includes(job))];
}

function work() {
  const end = performance.now() + 30; // milliseconds
  while (waiting.length > 0 && performance.now() < end) waiting.shift()();
  if (waiting.length > 0) requestAnimationFrame(work);
  else allAnswered();
}

function answer(network) {
  network.code = run(network.encoder, current.input);
  network.answer = run(network.decoder, network.code);
  network.error = meanSquaredError(network.answer, current.clean);
  const figure = $(`tile-${network.name}`);
  paintImage(figure.querySelector("canvas"), network.answer);
  figure.querySelector(".error").textContent = network.error.toFixed(4);
  figure.querySelector("i").style.width = errorBar(network.error);
  const best = bestNetwork();
  for (const each of trained) $(`tile-${each.name}`).classList.toggle("best", each === best);
  if (network.name === state.network) showCode();
  if (network === vaePlane?.network) {
    vaePlane.code = network.code;
    vaePlane.spread = spreadOf(network, current.input);
    showPlane(vaePlane);
  }
}

function bestNetwork() {
  return trained.reduce((best, each) => ((each.error ?? Infinity) < (best.error ?? Infinity) ? each : best));
}

function allAnswered() {
  sortAnswers();
  writeAddress();
  saySummary();
}

function saySummary() { // for those who hear the page
  const best = bestNetwork();
  if (best.error === undefined) return;
  $("summary").textContent = say("summary", {name: nameOf(best), error: best.error.toFixed(4)});
}

function sortAnswers() {
  if (held) return; // nothing moves under a drawing hand
  const by = SORTS[state.sort];
  const sorted = [...trained].sort((a, b) => by(a) - by(b) || rank(a) - rank(b));
  const missing = networks.filter(network => !network.encoder);
  const figures = [$("tile-input"), ...[...sorted, ...missing].map(({name}) => $(`tile-${name}`))];
  if (figures.some((figure, i) => figure !== $("answers").children[i])) $("answers").append(...figures);
}

// ---- the pad, and what can be put on it ----

let held; // the stroke that is being drawn

function isFirst(event) { // one finger, or the mouse's left button
  return event.isPrimary && event.button === 0;
}

// Where a pointer is on an element: 0 to 1 in both directions.
function position(event, target) {
  const box = target.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function setUpPad() {
  const penAt = event => position(event, $("pad")).map(onGrid);
  $("pad").onpointerdown = event => {
    if (!isFirst(event)) return;
    $("pad").setPointerCapture(event.pointerId);
    const stroke = [penAt(event)];
    setDrawing({kind: "strokes", strokes: [...current.strokes, stroke]});
    held = stroke;
  };
  $("pad").onpointermove = event => {
    if (!held || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) {
      const point = penAt(each);
      if (isFarFrom(point, held.at(-1))) held.push(point);
    }
    showDrawing();
  };
  $("pad").onpointerup = $("pad").onpointercancel = () => {
    if (!held) return;
    held = undefined;
    if (waiting.length === 0) allAnswered();
  };

  $("clear").onclick = () => setDrawing({kind: "strokes", strokes: []});
  $("undo").onclick = () => setDrawing({kind: "strokes", strokes: current.strokes.slice(0, -1)});
  for (const name of Object.keys(PICTURES)) {
    $(name).onclick = () => setDrawing({kind: "picture", name});
  }
  $("number").max = labels.length - 1;
  $("number").oninput = () => setDrawing({kind: "image", number: whole($("number"))});
  $("next").onclick = () => {
    $("number").value = (whole($("number")) + 1) % labels.length;
    setDrawing({kind: "image", number: whole($("number"))});
  };
  for (const field of [$("number"), $("which")]) {
    field.onchange = () => { field.value = whole(field); };
  }

  $("noise").oninput = () => {
    state.noise = Number($("noise").value);
    changed();
  };
  $("newnoise").onclick = () => {
    state.seed = (state.seed % 999999) + 1;
    if (state.noise === 0) state.noise = 0.5; // or nothing would be seen
    useNoise();
    changed();
  };
  $("sort").oninput = () => {
    state.sort = $("sort").value;
    sortAnswers();
    writeAddress();
  };
  // A file that is dropped would take the place of the page, and the drawing would be lost.
  window.ondragover = window.ondrop = event => event.preventDefault();
}

function useNoise() {
  current.noise = noiseOf(state.seed);
  $("noise").value = state.noise;
}

// The whole number in a field, within its limits, whatever is written there.
function whole({value, min, max}) {
  return Math.min(Math.max(Math.floor(Number(value)) || 0, Number(min)), Number(max));
}

// ======== The code of one network, which can be pulled. ========

let pulled = new Float32Array(0); // the code as shown: the network's own, or as it was pulled
let chosen = 0; // the number of the code that is chosen

const network = () => trained.find(({name}) => name === state.network);
const codeShape = () => network().decoder[0].input;

function codeRange() {
  const {signed, limit} = network();
  return [signed ? -1.25 * limit : 0, 1.25 * limit];
}

function setUpCode() {
  $("section2").hidden = pullable.length === 0;
  for (const {name} of pullable) {
    const radio = element("input", {type: "radio", name: "network", id: `chip-${name}`, autocomplete: "off"});
    radio.oninput = () => chooseNetwork(name);
    $("chips").append(element("label", {htmlFor: radio.id}, radio, element("span")));
  }
  // With a mouse or a pen a number is held and pulled. A finger that swipes scrolls the page;
  // a tap chooses a number, and the slider below pulls it.
  let hold; // where the pointer was, and the number's value
  $("code").onpointerdown = event => {
    if (!isFirst(event) || event.pointerType === "touch") return;
    $("code").setPointerCapture(event.pointerId);
    chooseNumber(numberAt(position(event, $("code")), $("code"), codeShape()));
    hold = {y: event.clientY, value: pulled[chosen]};
  };
  $("code").onpointermove = event => {
    if (!hold) return;
    const [low, high] = codeRange();
    pull(hold.value + ((hold.y - event.clientY) / $("code").clientHeight) * (high - low));
  };
  $("code").onpointerup = $("code").onpointercancel = () => { hold = undefined; };
  $("code").onclick = event => {
    if (event.pointerType === "touch") {
      chooseNumber(numberAt(position(event, $("code")), $("code"), codeShape()));
    } else {
      $("value").focus({preventScroll: true}); // the arrow keys go on
    }
  };
  $("which").oninput = () => chooseNumber(whole($("which")) - 1);
  $("value").oninput = () => pull(Number($("value").value));
  $("back").onclick = showCode;
}

function chooseNetwork(name) {
  state.network = name;
  if (network().code) {
    chosen = largestNumber();
    showCode();
  }
  writeAddress();
}

function largestNumber() {
  return network().code.reduce((best, value, i, code) => (Math.abs(value) > Math.abs(code[best]) ? i : best), 0);
}

let shownNetwork; // whose number is chosen
function showCode() {
  pulled = network().code.slice();
  if (shownNetwork !== state.network) chosen = largestNumber();
  shownNetwork = state.network;
  showPulled();
}

function pull(value) {
  const [low, high] = codeRange();
  pulled[chosen] = Math.min(Math.max(value, low), high);
  showPulled();
}

function chooseNumber(number) {
  chosen = Math.min(Math.max(number, 0), pulled.length - 1);
  showPulled();
}

function showPulled() {
  const {code, answer: own, limit, unused, decoder} = network();
  const shape = codeShape();
  const [low, high] = codeRange();
  const untouched = pulled.every((value, i) => value === code[i]);
  paintImage($("in"), current.input);
  paintImage($("out"), untouched ? own : run(decoder, pulled));
  if (shape.length === 3) paintMaps($("code"), pulled, shape, {limit, chosen});
  else paintBars($("code"), pulled, code, {low, high, chosen, unused});

  $(`chip-${state.network}`).checked = true;
  $("codename").textContent = shape.length === 3
    ? say("mapsName", {rows: shape[0], columns: shape[1], maps: shape[2]})
    : say("barsName", {n: pulled.length});
  $("unused").hidden = shape.length === 3 || unused.length === 0;
  $("which").max = pulled.length;
  if (document.activeElement !== $("which")) $("which").value = chosen + 1;
  // Firefox would move by 1 a key if any value were allowed.
  Object.assign($("value"), {min: low, max: high, step: (high - low) / 100});
  $("value").value = pulled[chosen];
  $("valuetext").value = twoPlaces(pulled[chosen]);
  $("back").disabled = untouched;
}

function twoPlaces(value) {
  return value.toFixed(2).replace("-", "−");
}

// ======== The epochs of one training. ========

function setUpEpochs() {
  $("learning").hidden = epochs.length === 0;
  $("noepochs").hidden = epochs.length > 0;
  $("epoch").max = Math.max(epochs.length - 1, 0);
  epochs.forEach((network, number) => {
    const figure = element("figure", {id: `epoch-${network.epoch}`},
      image(`learned-${network.epoch}`),
      element("figcaption", {innerHTML: '<b></b><span class="error"></span>'}));
    figure.onclick = () => chooseEpoch(number);
    $("epochs").append(figure);
  });
  $("epoch").oninput = () => chooseEpoch(Number($("epoch").value));
}

function chooseEpoch(number) {
  state.epoch = epochs[number].epoch;
  showEpoch();
  writeAddress();
}

function showEpochs() {
  for (const network of epochs) {
    network.answer = run(network.decoder, run(network.encoder, current.input));
    network.error = meanSquaredError(network.answer, current.clean);
    paintImage($(`learned-${network.epoch}`), network.answer);
    $(`epoch-${network.epoch}`).querySelector(".error").textContent = network.error.toFixed(4);
  }
  showEpoch();
}

let shownStrokes; // the epoch whose strokes are painted
function showEpoch() {
  const number = epochs.findIndex(({epoch}) => epoch === state.epoch);
  const {epoch, error, bce, decoder} = epochs[number];
  $("epoch").value = number;
  $("epochtext").value = say("epochText", {epoch});
  $("epoch").setAttribute("aria-valuetext", say("epochText", {epoch}));
  for (const each of epochs) $(`epoch-${each.epoch}`).classList.toggle("chosen", each.epoch === epoch);
  $("epocherrors").textContent = error === undefined
    ? "" : say("epochErrors", {epoch, error: error.toFixed(4), bce: bce.toFixed(4)});
  $("strokesname").textContent = say("strokesName", {epoch});
  if (shownStrokes !== epoch) paintStrokes($("strokes"), decoder[0].weights[0]);
  shownStrokes = epoch;
}

// ======== The planes of two codes of two numbers. ========

function setUpPlanes() {
  $("aboutplanes").hidden = planes.length === 0;
  $("noplane").hidden = planes.length > 0;
  planes.forEach(setUpPlane);
  $("walking").hidden = !vaePlane;
  if (!vaePlane) return;

  const digits = [...new Set(labels)].sort((a, b) => a - b);
  for (const select of [$("from"), $("to")]) {
    for (const digit of digits) select.add(new Option(digit));
  }
  $("from").value = digits.includes(7) ? 7 : digits[0];
  $("to").value = digits.includes(0) ? 0 : digits.at(-1);
  for (let k = 0; k < 9; k++) $("strip").append(image(`strip-${k}`));
  $("walk").oninput = () => goTo(vaePlane, onTheWay(Number($("walk").value)));
  $("from").oninput = $("to").oninput = () => {
    showStrip();
    goTo(vaePlane, onTheWay(Number($("walk").value)));
  };
  vaePlane.point = onTheWay(0);
  showStrip();
}

function setUpPlane(plane) {
  const canvas = element("canvas", {id: `plane-${plane.name}`, className: "plane", tabIndex: 0});
  canvas.setAttribute("role", "application");
  const born = image(`born-${plane.name}`);
  const place = element("figcaption", {innerHTML: '<span class="place"></span>'});
  if (plane === vaePlane) {
    place.append(
      element("button", {type: "button", id: "drawagain", onclick: drawAgain}),
      element("button", {type: "button", id: "random", onclick: randomDigit}));
  }
  const figure = element("div", {className: "onplane"},
    element("h3"), canvas, element("figure", {className: "born"}, born, place));
  Object.assign(plane, {canvas, born, figure});
  $("planes").append(figure);

  const codeAt = event => {
    const [x, y] = position(event, canvas);
    return [(2 * x - 1) * plane.limit, (1 - 2 * y) * plane.limit];
  };
  // The mouse only looks; a click or a tap stays. A finger that swipes scrolls the page.
  canvas.onpointermove = event => {
    if (event.pointerType === "touch") return;
    plane.preview = codeAt(event);
    showPlane(plane);
  };
  canvas.onpointerleave = () => {
    plane.preview = null;
    showPlane(plane);
  };
  canvas.onclick = event => {
    const number = digitAt(position(event, canvas), plane, canvas.clientWidth);
    if (number === undefined) {
      goTo(plane, codeAt(event));
    } else {
      goTo(plane, [...plane.codes.subarray(2 * number, 2 * number + 2)]);
      setDrawing({kind: "image", number});
    }
  };
  canvas.onkeydown = event => {
    const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
    if (!steps[event.key]) return;
    event.preventDefault(); // or the page would scroll
    goTo(plane, plane.point.map((value, axis) => value + (steps[event.key][axis] * plane.limit) / 40));
  };
}

function goTo(plane, point) {
  plane.preview = null;
  plane.point = point.map(value => Math.min(Math.max(value, -plane.limit), plane.limit));
  showPlane(plane);
}

// A draw from the cloud of the drawing, and one from N(0, 1), which the clouds were pulled to.
function drawAgain() {
  const {code, spread} = vaePlane;
  goTo(vaePlane, [0, 1].map(axis => code[axis] + spread[axis] * gaussian(Math.random)));
}

function randomDigit() {
  goTo(vaePlane, [gaussian(Math.random), gaussian(Math.random)]);
}

function showPlainCode() {
  const plane = planes.find(({name}) => name === "plain");
  plane.code = run(plain.encoder, current.input);
  showPlane(plane);
}

function showPlane(plane) {
  const point = plane.preview ?? plane.point;
  const way = plane === vaePlane ? [onTheWay(0), onTheWay(1)] : null;
  paintPlane(plane.canvas, plane, labels, {point: plane.point, code: plane.code, spread: plane.spread, way});
  paintImage(plane.born, run(plane.network.decoder, Float32Array.from(point)));
  plane.figure.querySelector(".place").textContent = say("born", {z: `(${point.map(twoPlaces).join(", ")})`});
}

function onTheWay(t) { // t: 0 at the first digit, 1 at the second
  const [from, to] = [$("from"), $("to")].map(({value}) => homeOf(Number(value)));
  return [0, 1].map(axis => from[axis] + t * (to[axis] - from[axis]));
}

const homes = {};
function homeOf(digit) {
  homes[digit] ??= home(digit, vaePlane, labels);
  return homes[digit];
}

function showStrip() {
  [...$("strip").children].forEach((canvas, k) => {
    paintImage(canvas, run(vaePlane.network.decoder, Float32Array.from(onTheWay(k / 8))));
  });
}

// ======== Words: the headings, the lesson, the table, in the language that is chosen. ========

function setLanguage(language) {
  document.documentElement.lang = language;
  document.title = say("title");
  $("language").value = language;
  for (const words of document.querySelectorAll("[data-words]")) {
    words.innerHTML = say(words.dataset.words);
  }
  for (const named of document.querySelectorAll("[data-label]")) {
    named.setAttribute("aria-label", say(named.dataset.label));
  }
  for (const section of document.querySelectorAll("main > section")) {
    const number = section.id.replace("section", "");
    section.querySelector("h2").textContent = `${number}. ${say(section.id)}`;
    if ($(`part-${number}`)) $(`part-${number}`).textContent = say(section.id);
  }
  $("sort").replaceChildren(
    ...Object.keys(SORTS).map(name => new Option(say(`sort${name[0].toUpperCase()}${name.slice(1)}`), name)));
  $("sort").value = state.sort;
  $("copied").textContent = "";
  sayAnswers();
  for (const each of pullable) $(`chip-${each.name}`).nextSibling.textContent = nameOf(each);
  for (const {epoch} of epochs) {
    $(`epoch-${epoch}`).querySelector("b").textContent = say("epochText", {epoch});
    $(`learned-${epoch}`).setAttribute("aria-label", say("learnedName", {epoch}));
  }
  sayPlanes();
  sayLesson();
  sayTable();
}

function sayPlanes() {
  $("noplane").innerHTML = `vae ${say("notTrained")} <code>python vae.py</code>`;
  $("explainplane").textContent = say("explainPlane", {points: labels.length});
  for (const plane of planes) {
    const title = say(plane === vaePlane ? "vaePlane" : "plainPlane");
    const heading = plane.figure.querySelector("h3");
    heading.innerHTML = title;
    const name = heading.textContent;
    heading.append(element("small", {textContent: say("planeRange", {limit: plane.limit.toPrecision(2)})}));
    plane.canvas.setAttribute("aria-label", say("planeKeys", {name}));
    plane.born.setAttribute("aria-label", say("bornName", {name}));
  }
  if (vaePlane) {
    $("drawagain").textContent = say("drawAgain");
    $("random").textContent = say("randomDigit");
  }
}

function link(path) {
  return `<a href="../${path}">${path}</a>`;
}

function sayLesson() {
  const errors = {};
  for (const {epoch, encoder, decoder} of epochs) { // of the image that the first task shows
    const first = imageOf(0);
    errors[`epoch${epoch}`] = meanSquaredError(run(decoder, run(encoder, first)), first).toFixed(4);
  }
  const opened = [...$("tasks").querySelectorAll("details")].map(({open}) => open);
  $("tasks").replaceChildren(...TASKS.map(({state: wanted, script, claim, post}, i) => element("li", {
    innerHTML: `<p>${say(`task${i + 1}`)} <a class="setup" href="#${wanted}">${say("setUp")}</a></p>`
      + `<details ${opened[i] ? "open" : ""}><summary>${say("answer")}</summary><p>${say(`answer${i + 1}`, errors)}</p><p>`
      + say("readOn", {
        script: link(`${script}.py`), claim: link(`claims/${claim}.py`),
        post: post ? `<span lang="en">${post}</span>` : say("postIntroduction"),
      })
      + "</p></details>",
  })));
}

function sayTable() {
  $("networks").replaceChildren(...networks.map(each => {
    const {name, baseline, idea, bce, noisyBce} = each;
    const measured = bce?.toFixed(4) ?? "–";
    return element("tr", {}, ...[
      nameOf(each),
      baseline ? say(`${name}Idea`) : idea[document.documentElement.lang] ?? idea.en ?? "",
      each.encoder ? codeLength(each).toLocaleString("en") : "–",
      noisyBce ? say("noisyBce", {clean: measured, noisy: noisyBce.toFixed(4)}) : measured,
    ].map(textContent => element("td", {textContent})));
  }));
  $("links").innerHTML = say("links", {readme: [say("readme"), say("claims")].map(link).join(say("listComma"))});
}

// The words that depend on the drawing, too.
function sayShown() {
  saySummary();
  if (network()?.code) showPulled();
  if (epochs.length > 0) showEpoch();
  planes.forEach(showPlane);
}

// ======== The present view: one part at a time, large, without text. ========

const PARTS = [1, 2, 3, 4];

function setUpPresent() {
  for (const number of PARTS) {
    const button = element("button", {type: "button", id: `part-${number}`, onclick: () => showPart(number)});
    $("parts").append(button);
  }
  $("present").onclick = () => present(!isPresenting());
  document.onkeydown = event => {
    if (event.key === "Escape" && isPresenting()) present(false);
  };
  document.onfullscreenchange = () => {
    if (!document.fullscreenElement && isPresenting()) present(false);
    else repaint();
  };
}

function isPresenting() {
  return document.body.classList.contains("presenting");
}

function present(wanted) {
  document.body.classList.toggle("presenting", wanted);
  $("parts").hidden = !wanted;
  $("present").setAttribute("aria-pressed", wanted);
  $("present").dataset.words = wanted ? "leave" : "present";
  $("present").textContent = say($("present").dataset.words);
  showPart(1);
  if (wanted) document.documentElement.requestFullscreen?.().catch(() => {}); // not in every frame
  else if (document.fullscreenElement) document.exitFullscreen();
}

function showPart(number) {
  for (const part of PARTS) {
    $(`section${part}`).classList.toggle("shown", part === number);
    $(`part-${part}`).setAttribute("aria-pressed", part === number);
  }
  repaint();
}

function goToSection(number) {
  if (isPresenting()) showPart(number);
  else $(`section${number}`).scrollIntoView();
}

// ======== The start. ========

// A page in a sandbox may not remember anything: then it asks the browser again. What is
// remembered may be anything, as all pages of one site share it.
function chosenLanguage(wanted) {
  let stored;
  try { stored = localStorage.getItem(STORED_LANGUAGE); } catch { /* see above */ }
  const asked = navigator.language.startsWith("zh") ? "zh-TW" : "en";
  return [wanted, stored, asked].find(language => LANGUAGES.includes(language));
}

function show(section) {
  useNoise();
  $("sort").value = state.sort;
  showDrawing();
  sayShown();
  if (section) goToSection(section);
}

function repaint() { // another width, other colours
  if (network()?.code) showPulled();
  planes.forEach(showPlane);
}

function start() {
  for (const language of LANGUAGES) {
    $("language").add(new Option(WORDS[language].languageName, language));
  }
  $("language").oninput = () => {
    setLanguage($("language").value);
    sayShown();
    writeAddress();
    try { localStorage.setItem(STORED_LANGUAGE, $("language").value); } catch { /* see above */ }
  };
  $("copy").onclick = async () => {
    history.replaceState(null, "", `#${address()}`);
    try {
      await navigator.clipboard.writeText(location.href);
      $("copied").textContent = say("copied");
    } catch {
      $("copied").textContent = say("notCopied");
    }
  };
  window.onhashchange = () => {
    const {language, section} = readAddress();
    if (language) setLanguage(language);
    show(section);
  };
  window.onresize = repaint;
  matchMedia("(prefers-color-scheme: dark)").onchange = repaint;

  $("asleep").hidden = true;
  $("main").hidden = false;
  setUpAnswers();
  setUpPad();
  setUpCode();
  setUpEpochs();
  setUpPlanes();
  setUpPresent();
  const {language, section} = readAddress();
  setLanguage(chosenLanguage(language));
  show(section);
}
start();
