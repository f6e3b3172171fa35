"use strict";

// ======== From text to numbers: what build.py has written into the page. ========

// Text of base 85: five characters hold four bytes, the first one the highest.
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;.=>?@^_`{|}~";
const DIGIT_OF = Object.fromEntries([...DIGITS].map((digit, value) => [digit.charCodeAt(0), value]));

function bytes(text) {
  const groups = Math.ceil(text.length / 5);
  const view = new DataView(new ArrayBuffer(4 * groups));
  for (let group = 0; group < groups; group++) {
    let value = 0;
    for (let i = 5 * group; i < 5 * group + 5; i++) {
      value = 85 * value + (i < text.length ? DIGIT_OF[text.charCodeAt(i)] : 84);
    }
    view.setUint32(4 * group, value);
  }
  return new Uint8Array(view.buffer.slice(0, 4 * groups - (5 * groups - text.length)));
}

// A number of 16 bits: 1 for the sign, 5 for the exponent, 10 for the fraction.
function fromFloat16(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

function floats(text) {
  return Float32Array.from(new Uint16Array(bytes(text).buffer), fromFloat16);
}

// A vector is written as it is. A matrix or a kernel is written as whole numbers, -127 to
// 127, which are to be multiplied by the scale of their channel, the last axis.
function readWeight(text) {
  if (text.floats !== undefined) return floats(text.floats);
  const integers = new Int8Array(bytes(text.integers).buffer);
  const scale = floats(text.scale);
  return Float32Array.from(integers, (value, i) => value * scale[i % scale.length]);
}

// A run of zeros is written as 0 and its length.
function withRunsOfZeros(written, length) {
  const result = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < written.length; i++) {
    if (written[i] !== 0) {
      result[at] = written[i];
      at += 1;
    } else {
      i += 1;
      at += written[i];
    }
  }
  return result;
}

// ======== The layers, as Keras computes them. ========
//
// An array is flat, its last axis runs fastest: channel c of the pixel (row, column) of
// n x n pixels is x[(row * n + column) * channels + c]. What is 0 adds nothing to a sum,
// and much is 0 (black pixels, relu), so it is skipped.

const layers = {
  // (rows, inputs) -> (rows, units). kernel: (inputs, units), bias: (units)
  // A unit is a weighted sum of all inputs.
  Dense(x, {weights: [kernel, bias]}) {
    const units = bias.length;
    const inputs = units > 0 ? kernel.length / units : 0;
    const rows = inputs > 0 ? x.length / inputs : 1;
    const y = new Float32Array(rows * units);
    for (let row = 0; row < rows; row++) {
      y.set(bias, row * units);
      for (let i = 0; i < inputs; i++) {
        const value = x[row * inputs + i];
        if (value === 0) continue;
        for (let unit = 0; unit < units; unit++) {
          y[row * units + unit] += value * kernel[i * units + unit];
        }
      }
    }
    return y;
  },

  // (n, n, channels) -> (m, m, maps). kernel: (size, size, channels, maps), bias: (maps)
  // A number of a map is a weighted sum of one neighbourhood, size x size, of all channels.
  Conv2D(x, {weights: [kernel, bias], input: [n, , channels], output: [m, , maps], size, stride}) {
    const y = new Float32Array(m * m * maps);
    const border = padding(n, m, size, stride);
    for (let i = 0; i < m * m; i++) y.set(bias, i * maps);
    eachNeighbour(n, m, size, stride, border, (large, small, place) => {
      for (let c = 0; c < channels; c++) {
        const value = x[large * channels + c];
        if (value === 0) continue;
        const weights = (place * channels + c) * maps;
        for (let map = 0; map < maps; map++) y[small * maps + map] += value * kernel[weights + map];
      }
    });
    return y;
  },

  // (m, m, maps) -> (n, n, channels). kernel: (size, size, channels, maps), bias: (channels)
  // The same neighbourhoods the other way round: each number paints one, size x size.
  Conv2DTranspose(x, {weights: [kernel, bias], input: [m, , maps], output: [n, , channels], size, stride}) {
    const y = new Float32Array(n * n * channels);
    const border = padding(n, m, size, stride);
    for (let i = 0; i < n * n; i++) y.set(bias, i * channels);
    eachNeighbour(n, m, size, stride, border, (large, small, place) => {
      for (let map = 0; map < maps; map++) {
        const value = x[small * maps + map];
        if (value === 0) continue;
        for (let c = 0; c < channels; c++) {
          y[large * channels + c] += value * kernel[(place * channels + c) * maps + map];
        }
      }
    });
    return y;
  },

  // (n, n, channels) -> (m, m, channels): the largest number of each size x size.
  MaxPooling2D(x, {input: [n, , channels], output: [m], size, stride}) {
    const y = new Float32Array(m * m * channels).fill(-Infinity);
    const border = padding(n, m, size, stride);
    eachNeighbour(n, m, size, stride, border, (large, small) => {
      for (let c = 0; c < channels; c++) {
        y[small * channels + c] = Math.max(y[small * channels + c], x[large * channels + c]);
      }
    });
    return y;
  },

  // (m, m, channels) -> (n, n, channels), n = size * m: each number becomes size x size.
  UpSampling2D(x, {input: [m, , channels], output: [n], size}) {
    const y = new Float32Array(n * n * channels);
    eachNeighbour(n, m, size, size, 0, (large, small) => {
      for (let c = 0; c < channels; c++) y[large * channels + c] = x[small * channels + c];
    });
    return y;
  },

  // (units) -> (steps, units): the same numbers at every step.
  RepeatVector(x, {output: [steps, units]}) {
    const y = new Float32Array(steps * units);
    for (let step = 0; step < steps; step++) y.set(x, step * units);
    return y;
  },

  // (steps, inputs) -> (units), the last state, or (steps, units), all of them.
  // kernel: (inputs, 4 units), recurrent: (units, 4 units), bias: (4 units); the four are
  // what comes into the cell, what is kept of it, what may come in, and what is shown of it.
  LSTM(x, {weights: [kernel, recurrent, bias], sequences}) {
    const units = bias.length / 4;
    const inputs = kernel.length / bias.length;
    const steps = x.length / inputs;
    const states = new Float32Array(steps * units);
    const cell = new Float32Array(units);
    let state = new Float32Array(units);
    for (let step = 0; step < steps; step++) {
      const now = x.subarray(step * inputs, (step + 1) * inputs);
      const seen = layers.Dense(now, {weights: [kernel, bias]});
      const sums = layers.Dense(state, {weights: [recurrent, seen]}); // seen is added as a bias is
      state = states.subarray(step * units, (step + 1) * units);
      for (let unit = 0; unit < units; unit++) {
        const input = activations.sigmoid(sums[unit]);
        const forget = activations.sigmoid(sums[units + unit]);
        const candidate = Math.tanh(sums[2 * units + unit]);
        const output = activations.sigmoid(sums[3 * units + unit]);
        cell[unit] = forget * cell[unit] + input * candidate;
        state[unit] = output * Math.tanh(cell[unit]);
      }
    }
    return sequences ? states : state;
  },

  // The same numbers in another shape; and what is only there for training.
  Flatten: x => x,
  Reshape: x => x,
  Dropout: x => x,
};

const activations = {
  linear: x => x,
  relu: x => Math.max(x, 0),
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  silu: x => x / (1 + Math.exp(-x)),
  tanh: x => Math.tanh(x),
  clip: x => Math.min(Math.max(x, 0), 1),
};

// How far the first neighbourhood reaches over the edge of n x n pixels, so that m x m
// neighbourhoods lie in their middle: padding="same". With "valid" none reaches over.
function padding(n, m, size, stride) {
  return Math.floor(Math.max((m - 1) * stride + size - n, 0) / 2);
}

// Call visit(pixel of n x n, pixel of m x m, place in its neighbourhood) for each pixel in
// each neighbourhood; what would lie outside of the image is left out.
function eachNeighbour(n, m, size, stride, border, visit) {
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < m; column++) {
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          const i = row * stride + a - border;
          const j = column * stride + b - border;
          if (i < 0 || j < 0 || i >= n || j >= n) continue;
          visit(i * n + j, row * m + column, a * size + b);
        }
      }
    }
  }
}

// Half a network: one layer after the other.
function run(chain, x) {
  for (const layer of chain) {
    x = layers[layer.kind](x, layer);
    if (layer.activation !== "linear") x = x.map(activations[layer.activation]);
  }
  return x;
}

// The standard deviations of a VAE's code. Its last layer but the mean gives their
// log-variances, which vae.py keeps between -10 and 1.
function spreadOf(network, image) {
  const hidden = run(network.encoder.slice(0, -1), image);
  const logVariances = run([network.spread], hidden);
  return logVariances.map(value => Math.exp(Math.min(Math.max(value, -10), 1) / 2));
}

function meanSquaredError(a, b) {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
}

function codeLength({decoder}) {
  return decoder[0].input.reduce((product, size) => product * size, 1);
}
