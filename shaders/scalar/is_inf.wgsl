// 1 where x is infinity or minus infinity, else 0.

fn f(x: f32) -> u32 {
  return u32((bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u);
}
