// Digits with BatchNorm: a small network on 8x8 images, and how many of those that it has not seen it gets right.
// node examples/digits.mjs [epochs] [digits.csv]
// The file: 64 pixels from 0 to 16 and a label a line, as scikit-learn's load_digits has them. Without one, digits are
// drawn by drawnDigits below.
import { readFileSync } from "node:fs";
import { AdamW, argmax, capture, crossEntropy, fromArray, nn, noGrad, openDevice, schedule, scope } from "kiln-gpu/node";
import { drawnDigits } from "./drawn_digits.mjs";

const epochs = Number(process.argv[2] ?? 10);
const file = process.argv[3];
const rows = file ? readFileSync(file, "utf8").trim().split("\n").slice(1).map((line) => line.split(",").map(Number)) : drawnDigits(1500);
const held = Math.floor(rows.length / 5);
const images = (rows) => Float32Array.from(rows.flatMap((row) => row.slice(0, 64).map((pixel) => pixel / 16)));
const labels = (rows) => Int32Array.from(rows, (row) => row[64]);

const device = await openDevice();
const model = new nn.Sequential(
  new nn.Linear(device, 64, 32, { seed: 1 }), new nn.BatchNorm1d(device, 32), new nn.ReLU(),
  new nn.Linear(device, 32, 10, { seed: 2 }),
);
const [batch, training] = [50, rows.slice(held)];
const stepsPerEpoch = Math.floor(training.length / batch);
const lr = schedule.oneCycle({ to: 0.02, steps: epochs * stepsPerEpoch });
const optimizer = new AdamW(model.groups({ weightDecay: 0.01 }), { lr });

const step = capture(device, ({ x, y }) => {
  optimizer.zeroGrad();
  const loss = crossEntropy(model.forward(x.reshape([batch, 64])), y);
  loss.backward();
  optimizer.step();
  return loss;
});

/** In eval mode BatchNorm uses the statistics that it gathered in training. */
async function accuracy(rows) {
  const found = model.inEvalMode(() => noGrad(() => scope(() => argmax(model.forward(fromArray(device, images(rows), { shape: [rows.length, 64] })), { axis: 1 }))));
  const guesses = await found.data();
  found.dispose();
  return labels(rows).reduce((right, label, i) => right + (label === guesses[i] ? 1 : 0), 0) / rows.length;
}

for (let epoch = 0; epoch < epochs; epoch++) {
  let loss;
  for (let i = 0; i < stepsPerEpoch; i++) {
    // A stride that shares no factor with the count visits every row, in another order each epoch.
    const drawn = Array.from({ length: batch }, (_, j) => training[((i * batch + j) * 577 + epoch * 101) % training.length]);
    loss = step({ x: images(drawn), y: labels(drawn) });
  }
  console.log(`epoch ${epoch + 1}: loss ${(await loss.item()).toFixed(3)}, right on unseen digits ${(100 * (await accuracy(rows.slice(0, held)))).toFixed(1)} %`);
}
device.close();
