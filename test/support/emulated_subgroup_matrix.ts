// The matrix operations of chromium_experimental_subgroup_matrix written out in plain WGSL, where each invocation holds
// whole matrices: slow, but it runs everywhere, and what stands around the operations is the kernel's own text.
import type { Shader } from "../../src/gpu/shader_source.js";

const operations = `
alias LeftMatrix = array<f32, M * K>;
alias RightMatrix = array<f32, K * N>;
alias ResultMatrix = array<f32, M * N>;

fn load_LeftMatrix_row_major(at: u32, stride: u32) -> LeftMatrix {
  var matrix: LeftMatrix;
  for (var i = 0u; i < M * K; i++) { matrix[i] = f32(a_tile[at + i / K * stride + i % K]); }
  return matrix;
}
fn load_LeftMatrix_col_major(at: u32, stride: u32) -> LeftMatrix {
  var matrix: LeftMatrix;
  for (var i = 0u; i < M * K; i++) { matrix[i] = f32(a_tile[at + i % K * stride + i / K]); }
  return matrix;
}
fn load_RightMatrix_row_major(at: u32, stride: u32) -> RightMatrix {
  var matrix: RightMatrix;
  for (var i = 0u; i < K * N; i++) { matrix[i] = f32(b_tile[at + i / N * stride + i % N]); }
  return matrix;
}
fn load_RightMatrix_col_major(at: u32, stride: u32) -> RightMatrix {
  var matrix: RightMatrix;
  for (var i = 0u; i < K * N; i++) { matrix[i] = f32(b_tile[at + i % N * stride + i / N]); }
  return matrix;
}
fn multiply_accumulate(left: LeftMatrix, right: RightMatrix, before: ResultMatrix) -> ResultMatrix {
  var a = left;
  var b = right;
  var result = before;
  for (var i = 0u; i < M * N; i++) {
    for (var p = 0u; p < K; p++) { result[i] += a[i / N * K + p] * b[p * N + i % N]; }
  }
  return result;
}
// Every invocation of the subgroup writes the same.
fn store_ResultMatrix(at: u32, matrix: ResultMatrix, stride: u32) {
  var result = matrix;
  for (var i = 0u; i < M * N; i++) { sums[at + i / N * stride + i % N] = result[i]; }
}
`;

const replacements: [RegExp, string][] = [
  [/enable chromium_experimental_subgroup_matrix;/g, ""],
  // Where the operands are staged in f32, nothing of f16 is left.
  [/enable f16;/g, ""],
  [/subgroup_matrix_left<Staged, K, M>/g, "LeftMatrix"],
  [/subgroup_matrix_right<Staged, N, K>/g, "RightMatrix"],
  [/subgroup_matrix_result<f32, N, M>/g, "ResultMatrix"],
  [/subgroupMatrixLoad<(\w+), (\w+)>\(&\w+, /g, "load_$1_$2("],
  [/subgroupMatrixStore<row_major>\(&sums, /g, "store_ResultMatrix("],
  [/subgroupMatrixMultiplyAccumulate\(/g, "multiply_accumulate("],
];

/** The kernel without the extension. */
export function emulated({ name, code }: Shader): Shader {
  const text = replacements.reduce((before, [pattern, plain]) => before.replace(pattern, plain), code);
  if (/subgroupMatrix|subgroup_matrix/.test(text.replace(/\/\/[^\n]*/g, ""))) throw new Error("emulated: the kernel uses an operation that is not written out here");
  return { name, code: text + operations };
}
