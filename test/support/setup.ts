import { afterAll } from "vitest";
import { closeTestDevice } from "./device.js";

afterAll(closeTestDevice);
