// All gradients of a row norm. With xhat = (x - mean) * rstd and g = dy * w, along each row
//   dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) + others,
// and for each chunk of rows dw = sum of dy * xhat, db = sum of dy. Without CENTER (RMS norm) mean(g) drops out.
//
// Shapes: x, dy, others, dx [rows, cols]; w [cols]; stats [rows], from layer_norm_forward.wgsl; dw, db [chunks, cols].
//         `others` is what else x contributed to: its gradient so far.
// Work:   one workgroup a chunk of ROWS rows: LANES invocations take the means of a row; after the only barrier of the
//         invocation form, each goes down COLUMNS columns of the chunk, so that their sums stay in registers.
// Memory: each element of x, dy, others and dx once (x and dy are read twice; the second time they are in cache).

//#include "lib/row_norm.wgsl"

override ROWS: u32 = 32u;
// 1 or 2; 2 for a multiple of 2 * WORKGROUP columns.
override COLUMNS: u32 = 1u;
override HAS_OTHERS: bool = false;
override WANTS_X: bool = true;
override WANTS_W: bool = true;
override WANTS_B: bool = true;

// In memory: half as wide for f16.
alias StoredX = Element;
alias StoredW = Element;
alias StoredDy = Element;
alias StoredOthers = Element;
alias StoredDx = Element;

struct Params {
  rows: u32,
  cols: u32,
  // 1 / (values in a row)
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> w: array<StoredW>;
@group(0) @binding(2) var<storage, read> dy: array<StoredDy>;
@group(0) @binding(3) var<storage, read> stats: array<vec4f>;
@group(0) @binding(4) var<storage, read> others: array<StoredOthers>;
@group(0) @binding(5) var<storage, read_write> dx: array<StoredDx>;
@group(0) @binding(6) var<storage, read_write> dw: array<Element>;
@group(0) @binding(7) var<storage, read_write> db: array<Element>;
@group(0) @binding(8) var<uniform> params: Params;

// Of each row of the chunk: mean(g) and mean(g * xhat).
var<workgroup> means: array<vec2f, ROWS>;

fn weight_at(j: u32) -> Element {
  if (HAS_WEIGHT) {
    return Element(w[j]);
  }
  return Element(1.0);
}

fn means_of_rows(first: u32, end: u32, lane: u32) {
  for (var block = first; block < end; block += WORKGROUP / LANES) {
    let row = block + lane / LANES;
    let start = min(row, end - 1u) * params.cols;
    let s = stats[min(row, end - 1u)];
    var sum = Element();
    var dot = Element();
    for (var j = lane % LANES; j < params.cols; j += LANES) {
      let g = Element(dy[start + j]) * weight_at(j);
      sum += g;
      dot += g * (Element(x[start + j]) - s.x - s.y);
    }
    var mean_g = 0.0;
    if (CENTER) {
      mean_g = lanes_sum(lane, across_sum(sum)) * params.scale;
    }
    let mean_dot = lanes_sum(lane, across_sum(dot)) * s.z * params.scale;
    if (lane % LANES == 0u && row < end) {
      means[row - first] = vec2f(mean_g, mean_dot);
    }
  }
}

fn xhat_at(i: u32, s: vec4f) -> Element {
  return (Element(x[i]) - s.x - s.y) * s.z;
}

fn write_dx(i: u32, g: Element, xhat: Element, rstd: f32, mean: vec2f) {
  if (WANTS_X) {
    var value = rstd * (g - mean.x - xhat * mean.y);
    if (HAS_OTHERS) {
      value += Element(others[i]);
    }
    dx[i] = StoredDx(value);
  }
}

fn write_sums(at: u32, sum_w: Element, sum_b: Element) {
  if (WANTS_W) {
    dw[at] = sum_w;
  }
  if (WANTS_B) {
    db[at] = sum_b;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = workgroup.x + workgroup.y * workgroups.x;
  let first = chunk * ROWS;
  let end = min(first + ROWS, params.rows);
  if (first >= end) {
    return;
  }
  if (WANTS_X) {
    means_of_rows(first, end, lane);
    workgroupBarrier();
  }
  for (var j = lane; j < params.cols; j += COLUMNS * WORKGROUP) {
    let near_weight = weight_at(j);
    var far_weight = Element();
    if (COLUMNS == 2u) {
      far_weight = weight_at(j + WORKGROUP);
    }
    var near_w = Element();
    var near_b = Element();
    var far_w = Element();
    var far_b = Element();
    var i = first * params.cols + j;
    for (var row = first; row < end; row++) {
      let s = stats[row];
      let mean = means[row - first];
      let near_xhat = xhat_at(i, s);
      let near_dy = Element(dy[i]);
      near_w += near_dy * near_xhat;
      near_b += near_dy;
      write_dx(i, near_dy * near_weight, near_xhat, s.z, mean);
      if (COLUMNS == 2u) {
        let k = i + WORKGROUP;
        let far_xhat = xhat_at(k, s);
        let far_dy = Element(dy[k]);
        far_w += far_dy * far_xhat;
        far_b += far_dy;
        write_dx(k, far_dy * far_weight, far_xhat, s.z, mean);
      }
      i += params.cols;
    }
    let at = chunk * params.cols + j;
    write_sums(at, near_w, near_b);
    if (COLUMNS == 2u) {
      write_sums(at + WORKGROUP, far_w, far_b);
    }
  }
}
