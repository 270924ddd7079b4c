import { softmaxCases } from "../cases/softmax.js";
import { testCases } from "../support/op_cases.js";

testCases("softmax", softmaxCases);
