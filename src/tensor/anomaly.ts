// Anomaly mode: which op was the first to make a value that is not finite.
import { AnomalyError, UsageError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import { Device } from "../gpu/device.js";
import { flagNotFinite } from "../kernels/not_finite.js";
import type { TapeNode } from "./tape.js";
import type { Tensor } from "./tensor.js";

/** Checks that one call can hold: a flag each. */
const mostMarks = 1 << 16;

/** One tensor that was looked at. */
interface Mark {
  /** Null for a tensor that no op in here made. */
  op: string | null;
  /** Which input's gradient, for backward. */
  gradientOf: number | null;
  tensor: string;
  /** Created where the op was called: its stack is the call site. */
  site: Error | null;
  /** Marks of what it was made from. */
  inputs: readonly number[];
}

let active: Watch | null = null;

/** What looks at every op's results; null outside of `detectAnomaly`: then nothing is done, and it costs a comparison. */
export function anomalyWatch(): Watch | null {
  return active;
}

class Watch {
  private readonly marks: Mark[] = [];
  private readonly markOf = new WeakMap<Tensor, number>();
  private readonly sites = new WeakMap<TapeNode, Error>();
  readonly flags: Slice;

  constructor(private readonly device: Device) {
    const size_bytes = 4 * mostMarks;
    this.flags = { buffer: device.acquire(size_bytes, "anomaly flags"), offset_bytes: 0, size_bytes };
    device.queue.clear(this.flags);
  }

  /** An op computed `output`. */
  made(op: string, inputs: readonly Tensor[], output: Tensor): void {
    if (!this.watches(output)) return;
    const given = inputs.map((input) => this.markOf.get(input) ?? this.given(input));
    this.look(output, { op, gradientOf: null, site: new Error(op), inputs: given });
    if (output.node) this.sites.set(output.node, this.marks.at(-1)!.site!);
  }

  /** The vjp of an op computed gradients of its inputs. */
  gave(node: TapeNode, dy: Tensor, gradients: readonly (Tensor | null)[]): void {
    if (!this.watches(dy)) return;
    const from = [this.markOf.get(dy) ?? this.given(dy)];
    gradients.forEach((gradient, i) => gradient && this.look(gradient, { op: node.op, gradientOf: i, site: this.sites.get(node) ?? null, inputs: from }));
  }

  /** Throws AnomalyError for the first op whose result was not finite. */
  async check(): Promise<void> {
    const flags = new Uint32Array(await this.device.read({ ...this.flags, size_bytes: 4 * Math.max(1, this.marks.length) }));
    const first = this.marks.findIndex(({ op }, mark) => op !== null && flags[mark] === 1);
    if (first >= 0) throw this.errorOf(this.marks[first]!, (mark) => flags[mark] === 1);
  }

  private given(tensor: Tensor): number {
    return this.watches(tensor) ? this.look(tensor, { op: null, gradientOf: null, site: null, inputs: [] }) : -1;
  }

  private watches({ device, dtype }: Tensor): boolean {
    return device === this.device && (dtype === "f32" || dtype === "f16");
  }

  private look(tensor: Tensor, what: Omit<Mark, "tensor">): number {
    const mark = this.marks.push({ ...what, tensor: tensor.describe() }) - 1;
    if (mark >= mostMarks) throw new UsageError(`detectAnomaly: more than ${mostMarks} tensors in one call; watch fewer steps at a time`);
    this.markOf.set(tensor, mark);
    if (tensor.size > 0) flagNotFinite(this.device, { x: tensor.buffer, flags: this.flags }, { size: tensor.size, mark });
    return mark;
  }

  private errorOf({ op, gradientOf, tensor, site, inputs }: Mark, isBad: (mark: number) => boolean): AnomalyError {
    const what = gradientOf === null ? `${op} made a value that is not finite, in its result ${tensor}` : `the backward of ${op} made a gradient that is not finite, of its input ${gradientOf}, ${tensor}`;
    const bad = inputs.filter((mark) => mark >= 0 && isBad(mark)).map((mark) => this.marks[mark]!.tensor);
    const cause = bad.length > 0 ? `; it was given one: ${bad.join(", ")}` : "; everything it was given is finite";
    const where = site?.stack?.split("\n").slice(1).join("\n") ?? "    (called before detectAnomaly)";
    return new AnomalyError(`detectAnomaly: ${what}${cause}. Called at\n${where}`, { op: op!, phase: gradientOf === null ? "forward" : "backward" });
  }
}

/**
 * Runs `fn` and looks at everything that ops on this device compute in it, forward and backward. Slow: a launch for each
 * result. A captured step inside runs as its plain function does.
 *
 * Range:  `fn` may be asynchronous; ops of other code that runs meanwhile are watched too.
 * Throws: AnomalyError for the first op, in the order of calls, with a result that is not finite: which op, forward or backward, whether
 *         its inputs were finite, and the stack of the call; what `fn` throws; UsageError inside another detectAnomaly or a capture.
 * Source: as torch.autograd.detect_anomaly, which looks at backward alone.
 */
export async function detectAnomaly<T>(device: Device, fn: () => T | Promise<T>): Promise<T> {
  if (!(device instanceof Device) || typeof fn !== "function") throw new UsageError(`detectAnomaly: needs a device and a function, got ${typeof device} and ${typeof fn}`);
  if (active) throw new UsageError("detectAnomaly: is running already; await the first before the next");
  if (device.queue.recording) throw new UsageError("detectAnomaly: inside a captured function its checks would be recorded; call the captured step inside detectAnomaly instead");
  const watch = new Watch(device);
  const stackTraceLimit = Error.stackTraceLimit;
  active = watch;
  Error.stackTraceLimit = Math.max(stackTraceLimit, 30);
  try {
    const result = await fn();
    await watch.check();
    return result;
  } finally {
    active = null;
    Error.stackTraceLimit = stackTraceLimit;
    watch.flags.buffer.release();
  }
}
