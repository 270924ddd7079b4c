// An op of your own: squared ReLU, in two kernels. Its gradient is checked against differences, then it trains a net.
// node examples/custom_op.mjs [steps]
import { readFileSync } from "node:fs";
import { AdamW, capture, customOp, defineKernel, emptyLike, mseLoss, nn, openDevice, scope, tensor } from "kiln-gpu/node";

const kernel = (name) => defineKernel(name, readFileSync(new URL(`${name}.wgsl`, import.meta.url), "utf8"));
const forwardKernel = kernel("squared_relu");
const backwardKernel = kernel("squared_relu_backward");
const over = (x) => ({ workgroups: Math.ceil(x.size / 64), params: { size: x.size } });

const squaredRelu = (x) =>
  customOp("squaredRelu", [x], {
    forward() {
      const y = emptyLike(x);
      forwardKernel.launch({ x, y }, over(x));
      return { output: y, saved: [x] };
    },
    backward(dy, [x]) {
      const dx = emptyLike(x);
      backwardKernel.launch({ x, dy, dx }, over(x));
      return [dx];
    },
  });

const device = await openDevice();
const values = [-2, -0.5, 0.5, 1, 3];
const x = tensor(device, values, { requiresGrad: true });
scope(() => squaredRelu(x).sum().backward());
const differences = values.map((value) => (Math.max(value + 1e-4, 0) ** 2 - Math.max(value - 1e-4, 0) ** 2) / 2e-4);
console.log("gradient", (await x.grad.data()).join(" "), "differences", differences.map((d) => d.toFixed(3)).join(" "));

// Fits y = x^2 on [-1, 1].
const [first, second] = [new nn.Linear(device, 1, 16, { seed: 1 }), new nn.Linear(device, 16, 1, { seed: 2 })];
const optimizer = new AdamW([...first.parameters(), ...second.parameters()], { lr: 0.02 });
const step = capture(device, ({ x, y }) => {
  optimizer.zeroGrad();
  const loss = mseLoss(second.forward(squaredRelu(first.forward(x))), y);
  loss.backward();
  optimizer.step();
  return loss;
});
const points = Float32Array.from({ length: 64 }, (_, i) => (i - 31.5) / 31.5);
const batch = { x: tensor(device, Array.from(points, (x) => [x])), y: tensor(device, Array.from(points, (x) => [x * x])) };
const steps = Number(process.argv[2] ?? 200);
for (let i = 0; i < steps; i++) {
  const loss = step(batch);
  if (i % 50 === 0 || i === steps - 1) console.log(i, (await loss.item()).toFixed(5));
}
device.close();
