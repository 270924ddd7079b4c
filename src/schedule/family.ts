// What a family of shapes provides. A shape is plain data; these are the pure functions over it.

/** How a family asks about a schedule nested in its own. */
export interface Walk<Any> {
  normal(where: string, description: unknown): Any;
  at(description: Any, t: number): number;
  steps(description: Any): number;
  startingFrom(description: Any, value: number): Any;
  needsStart(description: Any): boolean;
}

export interface Family<Own extends { readonly shape: string }, Any> {
  readonly shape: Own["shape"];
  /** Checks a description of this shape and fills in defaults. Throws UsageError. */
  normal(description: Own, walk: Walk<Any>): Own;
  /** The value at step t >= 0, in float64. Holds its last value past the end. */
  at(description: Own, t: number, walk: Walk<Any>): number;
  /** The step from which the value no longer changes; Infinity for one that never ends. */
  steps(description: Own, walk: Walk<Any>): number;
  /** True while `from` is left open: such a shape starts where the schedule before it ended. */
  needsStart?(description: Own, walk: Walk<Any>): boolean;
  /** The same shape with an open `from` closed. */
  startingFrom?(description: Own, value: number, walk: Walk<Any>): Own;
}
