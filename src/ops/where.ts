import { UsageError } from "../errors.js";
import { mapBinaryBackward, mapWhere } from "../kernels/map_broadcast.js";
import { broadcastShapes, type Shape } from "../shape.js";
import { computedIn } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, Tensor } from "../tensor/tensor.js";
import { requireDType, requireSameDevice } from "./checks.js";
import { broadcastWalk, checkOperand, commonDType, type Operand } from "./map_binary.js";

/**
 * y = a where the condition is not 0, else b.
 *
 * Shapes: condition (u32 or i32), a and b broadcast -> y, of the dtype of a and b. A number stands for a tensor of
 *         its value; two numbers are f32.
 * Throws: ShapeError if they do not broadcast; DTypeError for another condition, or if the dtypes of a and b differ.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  requireDType("where", "condition", condition, "u32", "i32");
  for (const [name, operand] of [["a", a], ["b", b]] as const) {
    if (typeof operand !== "number" && !(operand instanceof Tensor)) {
      throw new UsageError(`where: ${name} must be a tensor or a number, got ${typeof operand}`);
    }
  }
  const tensors = [a, b].filter((operand) => operand instanceof Tensor);
  requireSameDevice("where", condition, ...tensors);
  const dtype = tensors.length === 0 ? "f32" : commonDType("where", ["a", "b"], tensors);
  if (typeof a === "number") checkOperand("where", "a", a, { dtype });
  if (typeof b === "number") checkOperand("where", "b", b, { dtype });

  const shapeOf = (operand: Operand): Shape => (typeof operand === "number" ? [] : operand.shape);
  const shapes = [condition.shape, shapeOf(a), shapeOf(b)] as const;
  const shape = broadcastShapes("where", broadcastShapes("where", shapes[0], shapes[1]), shapes[2]);
  const walk = broadcastWalk("where", shapes, shape);
  const y = empty(condition.device, shape, dtype);
  const memory = (operand: Operand) => (typeof operand === "number" ? operand : operand.buffer);
  mapWhere(y.device, { condition: condition.buffer, a: memory(a), b: memory(b), y: y.buffer }, walk, computedIn(dtype));

  const dtypes = [a, b].map((operand) => (typeof operand === "number" ? dtype : operand.dtype));
  const positions = ([0, 1] as const).filter((i) => typeof [a, b][i] !== "number");
  return record({
    op: "where",
    inputs: tensors,
    output: y,
    saved: [condition],
    vjp: (dy, [condition], needs) => {
      const gradient = (operand: 0 | 1): Tensor => {
        const dx = empty(dy.device, shapes[operand + 1]!, dtypes[operand]!);
        const buffers = { dy: dy.buffer, a: dy.buffer, b: condition.buffer, dx: dx.buffer };
        // The vjp reads dy and the condition alone.
        const read = { extents: walk.extents, strides: [walk.strides[1]!, walk.strides[0]!] };
        mapBinaryBackward(dy.device, "where", buffers, read, walk.strides[operand + 1]!, { operand, typeB: "u32" });
        return dx;
      };
      return positions.map((operand, i) => (needs[i] ? gradient(operand) : null));
    },
  });
}
