// The worker's entry.
import "./alive.js";
import { expose } from "comlink";
import { Studio } from "./studio.js";

expose(new Studio());
