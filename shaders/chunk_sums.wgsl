// The second half of two column sums that were taken over chunks of rows: dw[j] = sum of dw_chunks[c, j], db likewise.
//
// Shapes: dw_chunks, db_chunks [chunks, cols]; dw, db [cols]. Element is f32, or vec4f where cols counts fours.
// Work:   one invocation a column; the chunks in order.
// Memory: 8 bytes a chunk and column.

alias Element = f32;

struct Params {
  chunks: u32,
  cols: u32,
}

override WORKGROUP: u32 = 16u;

@group(0) @binding(0) var<storage, read> dw_chunks: array<Element>;
@group(0) @binding(1) var<storage, read> db_chunks: array<Element>;
@group(0) @binding(2) var<storage, read_write> dw: array<Element>;
@group(0) @binding(3) var<storage, read_write> db: array<Element>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let col = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP + lane;
  if (col >= params.cols) {
    return;
  }
  var weighted = Element();
  var plain = Element();
  for (var i = col; i < params.chunks * params.cols; i += params.cols) {
    weighted += dw_chunks[i];
    plain += db_chunks[i];
  }
  dw[col] = weighted;
  db[col] = plain;
}
