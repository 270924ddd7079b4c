/** Every error Kiln throws on purpose. Messages read `<op or flag>: <what is wrong>, got <values>; <what to do>`. */
export class KilnError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes do not fit the operation. */
export class ShapeError extends KilnError {}
/** An element type the operation does not take. */
export class DTypeError extends KilnError {}
/** An index outside the dimension it addresses. */
export class IndexError extends KilnError {}
/** A call that makes no sense: unknown option, value out of range, wrong order of calls. */
export class UsageError extends KilnError {}
/** Something that this adapter cannot do. `feature` is the WebGPU feature that it lacks. */
export class FeatureError extends KilnError {
  constructor(
    message: string,
    readonly feature: string,
  ) {
    super(message);
  }
}
/** Misuse of the tape: backward twice, of a non-scalar, or after an in-place change. */
export class GradError extends KilnError {}
/** Use of a tensor, buffer or device after it was disposed. */
export class DisposedError extends KilnError {}
/** WGSL that does not compile, or a launch that does not fit its kernel. */
export class ShaderError extends KilnError {}
/** The GPU rejected work; the message is the driver's. Surfaces on the next await. */
export class GpuError extends KilnError {}

/** The GPU did not answer within `device.timeout_ms`: a kernel hangs, or one dispatch is far too long. */
export class GpuTimeoutError extends KilnError {}
/** The device is gone; nothing on it can be read any more. */
export class DeviceLostError extends KilnError {
  constructor(
    message: string,
    /** "destroyed" by the program itself; "unknown" by the system: a crash, a driver that was reset, a GPU that was unplugged. */
    readonly reason: GPUDeviceLostReason = "unknown",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
/** The adapter could not give the memory asked for. */
export class OutOfMemoryError extends KilnError {}
/** A file of text, numbers or tokens that cannot be used as data. */
export class DataError extends KilnError {}
/** A checkpoint that is malformed, or belongs to another model. Nothing was loaded. */
export class CheckpointError extends KilnError {}
/** The browser does not keep what it is given: storage is full, switched off, or was cleared. */
export class StorageError extends KilnError {}

/** Training that cannot go on: too many steps in a row without a finite gradient. */
export class DivergedError extends KilnError {}

/** Found by `detectAnomaly`: the op whose result was the first that is not finite. */
export class AnomalyError extends KilnError {
  /** As the user typed it. */
  readonly op: string;
  readonly phase: "forward" | "backward";

  constructor(message: string, { op, phase }: { op: string; phase: "forward" | "backward" }) {
    super(message);
    this.op = op;
    this.phase = phase;
  }
}

/** No adapter was found. `tried` has one line per attempt. */
export class AdapterError extends KilnError {
  constructor(
    message: string,
    readonly tried: readonly string[],
    options?: ErrorOptions,
  ) {
    super([message, ...tried.map((line) => `  - ${line}`)].join("\n"), options);
  }
}
