// The functions of the map kernels: one file of shaders/scalar/ each.
import absShader from "../../shaders/scalar/abs.wgsl";
import addShader from "../../shaders/scalar/add.wgsl";
import ceilShader from "../../shaders/scalar/ceil.wgsl";
import cosShader from "../../shaders/scalar/cos.wgsl";
import divShader from "../../shaders/scalar/div.wgsl";
import eluShader from "../../shaders/scalar/elu.wgsl";
import equalShader from "../../shaders/scalar/equal.wgsl";
import erfShader from "../../shaders/scalar/erf.wgsl";
import expShader from "../../shaders/scalar/exp.wgsl";
import floorShader from "../../shaders/scalar/floor.wgsl";
import geluShader from "../../shaders/scalar/gelu.wgsl";
import geluTanhShader from "../../shaders/scalar/gelu_tanh.wgsl";
import greaterShader from "../../shaders/scalar/greater.wgsl";
import greaterEqualShader from "../../shaders/scalar/greater_equal.wgsl";
import isInfShader from "../../shaders/scalar/is_inf.wgsl";
import isNanShader from "../../shaders/scalar/is_nan.wgsl";
import leakyReluShader from "../../shaders/scalar/leaky_relu.wgsl";
import lessShader from "../../shaders/scalar/less.wgsl";
import lessEqualShader from "../../shaders/scalar/less_equal.wgsl";
import logShader from "../../shaders/scalar/log.wgsl";
import logicalNotShader from "../../shaders/scalar/logical_not.wgsl";
import maximumShader from "../../shaders/scalar/maximum.wgsl";
import minimumShader from "../../shaders/scalar/minimum.wgsl";
import mulShader from "../../shaders/scalar/mul.wgsl";
import negShader from "../../shaders/scalar/neg.wgsl";
import notEqualShader from "../../shaders/scalar/not_equal.wgsl";
import powShader from "../../shaders/scalar/pow.wgsl";
import reciprocalShader from "../../shaders/scalar/reciprocal.wgsl";
import reluShader from "../../shaders/scalar/relu.wgsl";
import roundShader from "../../shaders/scalar/round.wgsl";
import rsqrtShader from "../../shaders/scalar/rsqrt.wgsl";
import sigmoidShader from "../../shaders/scalar/sigmoid.wgsl";
import signShader from "../../shaders/scalar/sign.wgsl";
import siluShader from "../../shaders/scalar/silu.wgsl";
import sinShader from "../../shaders/scalar/sin.wgsl";
import softplusShader from "../../shaders/scalar/softplus.wgsl";
import sqrtShader from "../../shaders/scalar/sqrt.wgsl";
import subShader from "../../shaders/scalar/sub.wgsl";
import tanhShader from "../../shaders/scalar/tanh.wgsl";
import whereShader from "../../shaders/scalar/where.wgsl";

/** f(x), and its vjp from what the op saves. */
export const unaryFunctions = {
  abs: absShader,
  ceil: ceilShader,
  cos: cosShader,
  erf: erfShader,
  exp: expShader,
  floor: floorShader,
  gelu: geluShader,
  geluTanh: geluTanhShader,
  isInf: isInfShader,
  isNan: isNanShader,
  log: logShader,
  logicalNot: logicalNotShader,
  neg: negShader,
  reciprocal: reciprocalShader,
  relu: reluShader,
  round: roundShader,
  rsqrt: rsqrtShader,
  sigmoid: sigmoidShader,
  sign: signShader,
  silu: siluShader,
  sin: sinShader,
  sqrt: sqrtShader,
  tanh: tanhShader,
};

/** f(a, b), and its vjp for both. */
export const binaryFunctions = {
  add: addShader,
  div: divShader,
  elu: eluShader,
  equal: equalShader,
  greater: greaterShader,
  greaterEqual: greaterEqualShader,
  leakyRelu: leakyReluShader,
  less: lessShader,
  lessEqual: lessEqualShader,
  maximum: maximumShader,
  minimum: minimumShader,
  mul: mulShader,
  notEqual: notEqualShader,
  pow: powShader,
  softplus: softplusShader,
  sub: subShader,
  where: whereShader,
};

export type UnaryFunction = keyof typeof unaryFunctions;
export type BinaryFunction = keyof typeof binaryFunctions;
