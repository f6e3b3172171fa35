"use strict";

// ======== What is painted, and where: pictures, codes, strokes, planes. ========

const BLUE = [86, 180, 233];
const ORANGE = [230, 159, 0];
const DARK = "#14181c";

// Ten colours that colour-blind readers tell apart, too: they differ in lightness, and in
// yellow against blue. Each point is also written as its digit.
const COLORS = [
  "#ffdd88", "#99aa88", "#558899", "#ffff00", "#ccaa00",
  "#8866ff", "#ddddff", "#ffffdd", "#aa7733", "#99aaff",
];

// Show 784 numbers from 0 to 1 on a canvas of 28 x 28: 0 is black, 1 is white.
function paintImage(canvas, image) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    const grey = 255 * image[i];
    picture.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}

// Blue above 0, orange below, black at 0; limit and beyond are the brightest.
function signedColor(value, limit) {
  const strength = Math.sqrt(Math.min(Math.abs(value) / limit, 1));
  return (value < 0 ? ORANGE : BLUE).map(part => part * strength);
}

function paintPad(canvas, strokes) {
  const context = canvas.getContext("2d");
  const side = canvas.width;
  context.fillStyle = "black"; // painted, for a background is not printed
  context.fillRect(0, 0, side, side);
  Object.assign(context, {
    lineWidth: side / 12.7, lineCap: "round", lineJoin: "round", strokeStyle: "white",
  });
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    for (const [x, y] of stroke) context.lineTo(x * side + 0.01, y * side); // a dot has a length, too
    context.stroke();
  }
}

// A test image on the pad, its pixels enlarged.
function paintOnPad(canvas, image) {
  const small = document.createElement("canvas");
  small.width = small.height = 28;
  paintImage(small, image);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.width);
}

// The numbers of a network as a drawing to scale: 784 come in above, the code is the line in
// the middle, 784 come out below. The width is 1568 numbers; a line has a least width.
function hourglass(numbers) {
  const [left, right] = [784 - 392, 784 + 392];
  const half = Math.max(numbers, 16) / 2;
  const [inner, outer] = [784 - half, 784 + half];
  return `<svg class="hourglass" viewBox="0 0 1568 100" preserveAspectRatio="none" aria-hidden="true">`
    + `<path d="M${left} 0H${right}L${outer} 50L${right} 100H${left}L${inner} 50Z"/>`
    + `<rect x="${inner}" y="38" width="${outer - inner}" height="24"/></svg>`;
}

// A bar on a logarithmic scale: empty at an error of 0.0005, full at 0.2.
function errorBar(error) {
  const part = Math.log(Math.max(error, 1e-9) / 0.0005) / Math.log(0.2 / 0.0005);
  return `${(100 * Math.min(Math.max(part, 0), 1)).toFixed(1)}%`;
}

// Give a canvas as many pixels as it takes on the screen, and return what draws on it.
function sharpContext(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.max(Math.round(width * ratio), 1);
  canvas.height = Math.max(Math.round(height * ratio), 1);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return {context, width, height};
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

// ---- a code ----

// Numbers as bars: now as they are pulled, with a line where each was; from low to high.
// The chosen bar has a lit ground over the whole height and a mark at its foot; a number
// that no test image uses has a dim ground.
function paintBars(canvas, now, before, {low, high, chosen, unused}) {
  const {context, width, height} = sharpContext(canvas);
  const [ground, accent, highlight, text, quiet, dim, lit] = [
    "--track", "--accent", "--pulled", "--text", "--quiet", "--line", "--lit",
  ].map(color);
  const y = value => height - ((Math.min(Math.max(value, low), high) - low) / (high - low)) * height;
  const step = width / now.length;
  const gap = step > 4 ? 1 : 0;
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  for (const number of unused) {
    context.fillStyle = dim;
    context.fillRect(number * step, 0, step - gap, height);
  }
  context.fillStyle = lit;
  context.fillRect(chosen * step - 1, 0, step - gap + 2, height);
  now.forEach((value, i) => {
    context.fillStyle = i === chosen ? highlight : accent;
    const top = Math.min(y(value), y(0));
    context.fillRect(i * step, top, step - gap, Math.max(Math.abs(y(value) - y(0)), 1));
    if (value !== before[i]) {
      context.fillStyle = text;
      context.fillRect(i * step, y(before[i]) - 1, step - gap, 2);
    }
  });
  context.fillStyle = quiet;
  context.fillRect(0, Math.min(y(0), height - 1), width, 1);
  const middle = (chosen + 0.5) * step - gap / 2;
  context.fillStyle = text;
  context.beginPath();
  context.moveTo(middle, height - 9);
  context.lineTo(middle - 6, height);
  context.lineTo(middle + 6, height);
  context.fill();
}

// As many columns of maps as make the cells largest.
function mapLayout([rows, columns, maps], width, height) {
  let best = {cell: 0};
  for (let across = 1; across <= maps; across++) {
    const down = Math.ceil(maps / across);
    const cell = Math.min((width / across - 4) / columns, (height / down - 4) / rows);
    if (cell > best.cell) best = {cell, across, width: width / across, height: height / down};
  }
  return best;
}

// The left upper corner of a number's cell on the canvas.
function cellCorner(number, [rows, columns, maps], layout) {
  const map = number % maps;
  const cell = Math.floor(number / maps);
  const left = (map % layout.across) * layout.width + (layout.width - columns * layout.cell) / 2;
  const top = Math.floor(map / layout.across) * layout.height + (layout.height - rows * layout.cell) / 2;
  return [left + (cell % columns) * layout.cell, top + Math.floor(cell / columns) * layout.cell];
}

function paintMaps(canvas, now, shape, {limit, chosen}) {
  const {context, width, height} = sharpContext(canvas);
  const layout = mapLayout(shape, width, height);
  context.fillStyle = DARK;
  context.fillRect(0, 0, width, height);
  now.forEach((value, number) => {
    context.fillStyle = value === 0 ? "black" : `rgb(${signedColor(value, limit)})`;
    const [left, top] = cellCorner(number, shape, layout);
    context.fillRect(left, top, layout.cell + 0.5, layout.cell + 0.5);
  });
  const [left, top] = cellCorner(chosen, shape, layout);
  Object.assign(context, {lineWidth: 3, strokeStyle: "white"});
  context.strokeRect(left, top, layout.cell, layout.cell);
}

// Which number of the code lies at (x, y), 0 to 1 over the canvas.
function numberAt([x, y], canvas, shape) {
  if (shape.length !== 3) return Math.min(Math.floor(x * shape[0]), shape[0] - 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const layout = mapLayout(shape, width, height);
  const [rows, columns, maps] = shape;
  let nearest = {distance: Infinity};
  for (let number = 0; number < rows * columns * maps; number++) {
    const [left, top] = cellCorner(number, shape, layout);
    const distance = Math.hypot(left + layout.cell / 2 - x * width, top + layout.cell / 2 - y * height);
    if (distance < nearest.distance) nearest = {distance, number};
  }
  return nearest.number;
}

// ---- the strokes of a decoder of one layer ----

const STROKES_ACROSS = 8;

// Each number of the code paints one image, its weights: all of them, 28 x 28 and 2 between.
function paintStrokes(canvas, kernel) {
  const numbers = kernel.length / 784;
  canvas.width = STROKES_ACROSS * 30 - 2;
  canvas.height = Math.ceil(numbers / STROKES_ACROSS) * 30 - 2;
  const context = canvas.getContext("2d");
  context.fillStyle = "#444";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const limit = kernel.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 2 || 1;
  for (let number = 0; number < numbers; number++) {
    const picture = context.createImageData(28, 28);
    for (let i = 0; i < 784; i++) {
      picture.data.set([...signedColor(kernel[number * 784 + i], limit), 255], 4 * i);
    }
    const column = number % STROKES_ACROSS;
    const row = Math.floor(number / STROKES_ACROSS);
    context.putImageData(picture, column * 30, row * 30);
  }
}

// ---- a plane of codes of two numbers ----

// Where a code lies on a canvas that shows -limit to limit: the first number goes to the
// right, the second one up.
function onCanvas([z1, z2], limit, width) {
  return [(z1 / limit + 1) * (width / 2), (1 - z2 / limit) * (width / 2)];
}

function paintPoints({codes, limit}, labels, width, ratio) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.max(Math.round(width * ratio), 1);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = DARK;
  context.fillRect(0, 0, width, width);
  context.font = `${Math.max(width / 38, 9)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  labels.forEach((label, i) => {
    const [x, y] = onCanvas([codes[2 * i], codes[2 * i + 1]], limit, width);
    context.fillStyle = COLORS[label];
    context.fillText(label, x, y);
  });
  return canvas;
}

// Light on a dark edge is seen on every ground.
function outlined(context, path) {
  for (const [lineWidth, strokeStyle] of [[6, DARK], [2.5, "white"]]) {
    Object.assign(context, {lineWidth, strokeStyle});
    context.stroke(path);
  }
}

// The plane with a cross at the code that is decoded, a ring at that of the drawing, the
// ellipse of its spread (two standard deviations), and the way of a walk.
function paintPlane(canvas, plane, labels, {point, code, spread, way}) {
  const {context, width} = sharpContext(canvas);
  if (plane.points?.width !== canvas.width) {
    plane.points = paintPoints(plane, labels, width, window.devicePixelRatio || 1);
  }
  context.drawImage(plane.points, 0, 0, width, width);
  const place = z => onCanvas(z, plane.limit, width);

  if (way) {
    const path = new Path2D();
    path.moveTo(...place(way[0]));
    path.lineTo(...place(way[1]));
    context.setLineDash([6, 6]);
    outlined(context, path);
    context.setLineDash([]);
  }
  if (code) { // at the edge if it lies further out
    const ring = new Path2D();
    const [x, y] = place(code).map(value => Math.min(Math.max(value, 10), width - 10));
    ring.arc(x, y, 4, 0, 2 * Math.PI);
    outlined(context, ring);
  }
  if (code && spread) {
    const ellipse = new Path2D();
    const [x, y] = place(code);
    const [across, up] = Array.from(spread, sigma => (2 * sigma * width) / (2 * plane.limit));
    ellipse.ellipse(x, y, across, up, 0, 0, 2 * Math.PI);
    outlined(context, ellipse);
  }
  const cross = new Path2D();
  const [x, y] = place(point);
  cross.moveTo(x - 9, y);
  cross.lineTo(x + 9, y);
  cross.moveTo(x, y - 9);
  cross.lineTo(x, y + 9);
  outlined(context, cross);
}

// The number of the test image whose digit is written at (x, y), 0 to 1 over the plane;
// undefined where none is.
function digitAt([x, y], {codes, limit}, width) {
  let nearest = {distance: Math.max(width / 60, 7)};
  for (let i = 0; i < codes.length / 2; i++) {
    const [left, top] = onCanvas([codes[2 * i], codes[2 * i + 1]], limit, width);
    const distance = Math.hypot(left - x * width, top - y * width);
    if (distance < nearest.distance) nearest = {distance, number: i};
  }
  return nearest.number;
}

// Where a digit is at home: the test image of it with the most of its kind close by, and
// the fewest of others.
function home(digit, {codes}, labels) {
  let best = [-Infinity, 0];
  labels.forEach((label, i) => {
    if (label !== digit) return;
    let score = 0;
    labels.forEach((other, j) => {
      const near = Math.hypot(codes[2 * i] - codes[2 * j], codes[2 * i + 1] - codes[2 * j + 1]) < 0.3;
      if (near) score += other === digit ? 1 : -1;
    });
    if (score > best[0]) best = [score, i];
  });
  return [codes[2 * best[1]], codes[2 * best[1] + 1]];
}

// What the plane shows, -limit to limit in both directions: all but one of fifty numbers.
function planeLimit(codes) {
  const sizes = Array.from(codes, Math.abs).sort((a, b) => a - b);
  return sizes[Math.floor(sizes.length * 0.98)] * 1.1;
}
