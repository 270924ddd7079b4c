// Functions of lib/across.wgsl for an Element and a Stat of four neighbouring rows.

fn nan_unless_finite(sum: Stat) -> Stat {
  let broken = (bitcast<vec4u>(sum) & vec4u(0x7fffffffu)) >= vec4u(0x7f800000u);
  return select(sum, vec4f(nan_from(sum.x)), broken);
}

fn log_of(s: Stat) -> Stat {
  return vec4f(natural_log(s.x), natural_log(s.y), natural_log(s.z), natural_log(s.w));
}
