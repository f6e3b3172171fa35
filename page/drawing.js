"use strict";

// ======== A drawing becomes an image like MNIST's. ========

const PEN = 2.6; // width of a stroke in pixels of 28 x 28: MNIST's average
const BOX = 20; // the longer side of a digit, in the same pixels
const GRID = 1295; // a place on the pad is a whole number, 0 to 1295: two digits of base 36
const NEAR = 0.5 / 28; // a point nearer to the one before it, in pads, is left out

// strokes: lists of points [x, y], 0 to 1 over the pad. Returns 784 numbers from 0 to 1.
function toMnist(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return new Float32Array(784);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const longer = Math.max(right - left, bottom - top);

  // What is smaller than a tenth of the pad is not enlarged beyond that: a dot stays a dot.
  const scale = (BOX - PEN) / Math.max(longer, 0.1);
  const inBox = ([x, y]) => [(x - left) * scale + PEN / 2, (y - top) * scale + PEN / 2];
  return centred(painted(strokes.map(stroke => stroke.map(inBox)), BOX), BOX);
}

// Paint strokes on side x side pixels: how white a pixel is depends on how much of it the
// pen covers, which is seen well enough from the distance of its middle to the stroke.
function painted(strokes, side) {
  const image = new Float32Array(side * side);
  for (const stroke of strokes) {
    for (let k = 0; k < Math.max(stroke.length - 1, 1); k++) {
      paintSegment(image, side, stroke[k], stroke[k + 1] ?? stroke[k]); // one point: a dot
    }
  }
  return image;
}

function paintSegment(image, side, [x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [directionX, directionY] = [(x2 - x1) / length, (y2 - y1) / length];
  const reach = PEN / 2 + 1;
  const first = (a, b) => Math.max(Math.floor(Math.min(a, b) - reach), 0);
  const last = (a, b) => Math.min(Math.ceil(Math.max(a, b) + reach), side - 1);
  for (let row = first(y1, y2); row <= last(y1, y2); row++) {
    for (let column = first(x1, x2); column <= last(x1, x2); column++) {
      const x = column + 0.5 - x1;
      const y = row + 0.5 - y1;
      // Beyond an end of the line the distance is that to its end.
      const along = Math.min(Math.max(x * directionX + y * directionY, 0), length);
      const distance = Math.sqrt((x - along * directionX) ** 2 + (y - along * directionY) ** 2);
      const covered = Math.min(Math.max(PEN / 2 + 0.5 - distance, 0), 1);
      const i = row * side + column;
      if (covered > image[i]) image[i] = covered;
    }
  }
}

// Move side x side pixels, by whole pixels, into 28 x 28, so that their centre of mass is as
// near as can be to where MNIST's is: 14.5 pixels from the edges, the middle of a pixel.
function centred(image, side) {
  let mass = 0, x = 0, y = 0;
  image.forEach((value, i) => {
    mass += value;
    x += value * ((i % side) + 0.5);
    y += value * (Math.floor(i / side) + 0.5);
  });
  const right = Math.round(14.5 - x / mass);
  const down = Math.round(14.5 - y / mass);

  const result = new Float32Array(784);
  image.forEach((value, i) => {
    const row = Math.floor(i / side) + down;
    const column = (i % side) + right;
    if (row >= 0 && row < 28 && column >= 0 && column < 28) result[row * 28 + column] = value;
  });
  return result;
}

// ======== Strokes: two that are ready, and strokes as text for the address. ========

function onGrid(value) {
  return Math.round(Math.min(Math.max(value, 0), 1) * GRID) / GRID;
}

function isFarFrom(point, before) {
  return !before || Math.hypot(point[0] - before[0], point[1] - before[1]) >= NEAR;
}

const arc = (x, y, r, from, to) => Array.from({length: 49}, (_, k) => {
  const angle = (from + ((to - from) * k) / 48) * Math.PI;
  return [x + r * Math.cos(angle), y - r * Math.sin(angle)];
});
const PICTURES = {
  face: () => [
    arc(0.5, 0.5, 0.38, 0.5, 2.5), [[0.37, 0.38]], [[0.63, 0.38]], arc(0.5, 0.52, 0.18, 1.15, 1.85),
  ],
  letter: () => [[[0.2, 0.85], [0.5, 0.12], [0.8, 0.85]], [[0.3, 0.6], [0.7, 0.6]]],
};

// A point is four characters, x and y in base 36; strokes are separated by dots.
function strokesToText(strokes) {
  const two = value => Math.round(value * GRID).toString(36).padStart(2, "0");
  return strokes.map(stroke => stroke.map(([x, y]) => two(x) + two(y)).join("")).join(".");
}

// The strokes of such a text; undefined if it is none.
function strokesFromText(text) {
  if (!/^([0-9a-z]{4})+(\.([0-9a-z]{4})+)*$/.test(text)) return undefined;
  return text.split(".").map(stroke => stroke.match(/..../g).map(
    point => [point.slice(0, 2), point.slice(2)].map(value => parseInt(value, 36) / GRID)));
}

// ======== Noise, the same for everybody: a seed draws the same numbers anywhere. ========

// A generator of numbers from 0 to 1 with 32 bits of state (T. Ettinger's mulberry32).
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

function gaussian(random) { // a draw from N(0, 1), Box and Muller's way
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function noiseOf(seed) {
  const random = generator(seed);
  return Float32Array.from({length: 784}, () => gaussian(random));
}

function withNoise(image, level, noise) {
  return image.map((value, i) => Math.min(Math.max(value + level * noise[i], 0), 1));
}
