// What a plot shows, whoever draws it.

export interface Axis {
  label: string;
  /** Powers of ten. Points that are not above 0 are left out. */
  log?: boolean;
}

export interface Series {
  name: string;
  /** [x, y]; those that are not finite are left out. */
  points: readonly (readonly [number, number])[];
  dashed?: boolean;
}

/** A vertical line. */
export interface Mark {
  x: number;
  label: string;
}

export interface Plot {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  marks?: readonly Mark[];
}

/** The points that the axes can show. */
export function visiblePoints({ points }: Series, { x, y }: Plot): [number, number][] {
  const shows = (value: number, axis: Axis) => Number.isFinite(value) && (!axis.log || value > 0);
  return points.filter(([px, py]) => shows(px, x) && shows(py, y)).map(([px, py]) => [px, py]);
}

/** At most `most` of `count` positions, evenly spread, the first and the last among them. */
export function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (count - 1)) / (most - 1)));
}
