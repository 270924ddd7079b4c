// What a family of shapes provides. A shape is plain data; these are the pure functions over it.

/** How a family asks about a schedule nested in its own. Every description here has been through `normal`. */
export interface Walk<Any> {
  /** Checks any data, fills in defaults and freezes it. What is normal already comes back as it is. */
  normal(where: string, description: unknown): Any;
  at(description: Any, t: number): number;
  steps(description: Any): number;
  bound(description: Any): number | undefined;
  needsStart(description: Any): boolean;
  /** The same schedule with its open `from` closed; what is closed already comes back as it is. */
  startingFrom(description: Any, value: number): Any;
}

/**
 * One shape of the catalogue. `Own` is plain data: numbers, strings, arrays of these, nested descriptions.
 * The walk stores -0 as 0 and leaves out keys that are undefined, so that JSON gives the same function back.
 */
export interface Family<Own extends { readonly shape: string }, Any> {
  readonly shape: Own["shape"];
  /** Checks a description of this shape, unknown keys included, and fills in defaults. Throws UsageError. */
  normal(description: Own, walk: Walk<Any>): Own;
  /** The value at step t >= 0, in float64, finite for t up to 1e15. Holds its last value past the end. */
  at(description: Own, t: number, walk: Walk<Any>): number;
  /** The step from which the value no longer changes; Infinity for one that never ends. */
  steps(description: Own, walk: Walk<Any>): number;
  /** An upper bound of |value|, so that overflow is refused when a schedule is made; undefined where it cannot be known. */
  bound?(description: Own, walk: Walk<Any>): number | undefined;
  /** The schedules nested in it. */
  nested?(description: Own): readonly Any[];
  /** True while `from` is left open: such a shape starts where the schedule before it ended. */
  needsStart?(description: Own, walk: Walk<Any>): boolean;
  /** The same shape with an open `from` closed; `normal` checks it again. */
  startingFrom?(description: Own, value: number, walk: Walk<Any>): Own;
}
