#!/usr/bin/env node
import { keepHeapSmall } from "../node/small_heap.js";
import { runProgram } from "./program.js";

keepHeapSmall();

// A reader that closes the pipe, such as head, ends the program quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2));
