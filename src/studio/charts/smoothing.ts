// The smoothed loss: an exponential moving average that does not begin at zero.

/**
 * m = b m + (1 - b) y, shown as m / (1 - b^n) after n values (the bias correction of Kingma and Ba 2014, section 3): the first
 * value is shown as it is, and a constant stays constant. What is not a number is left out, and shown as NaN.
 */
export class Smoother {
  private mean = 0;
  private weight = 0;

  /** `amount` is b, from 0 (none) to below 1. */
  constructor(private readonly amount: number) {}

  next(value: number): number {
    if (Number.isNaN(value)) return NaN;
    this.mean = this.amount * this.mean + (1 - this.amount) * value;
    // 1 - b^n, by the same recursion.
    this.weight = this.amount * this.weight + (1 - this.amount);
    return this.mean / this.weight;
  }
}
