// What row kernels do with an Element and with a Stat, a value of a whole row. Both are f32 here; a file of lib/
// replaces the functions where they are not: fours_in_row.wgsl (Element is vec4f, four neighbours of one row) and
// fours_of_rows.wgsl (both are vec4f, one element of each of four rows).

//#include "lib/numerics.wgsl"
//#include "lib/natural_log.wgsl"

alias Element = f32;
alias Stat = f32;

fn across_sum(v: Element) -> Stat {
  return v;
}

fn across_max(v: Element) -> Stat {
  return v;
}

// A sum of exp(x - max) is finite unless the row holds NaN or only infinities: then its result is NaN.
// Some drivers give exp(NaN) = infinity.
fn nan_unless_finite(sum: Stat) -> Stat {
  return select(sum, nan_from(sum), is_not_finite(sum));
}

fn log_of(s: Stat) -> Stat {
  return natural_log(s);
}
