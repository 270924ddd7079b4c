// The `kiln` command: commands and flags, and what becomes of their errors.
import { Command, CommanderError } from "commander";
import { version } from "../../package.json";
import { addBenchCommand } from "./bench/bench_command.js";
import { addDoctorCommand } from "./doctor/doctor_command.js";
import { describeError, exitCodes } from "./errors.js";
import { addInfoCommand } from "./info_command.js";
import { addLabCommand } from "./lab/lab_command.js";
import { addSampleCommand } from "./sample_command.js";
import { addScheduleCommand } from "./schedule_command.js";
import { addAdviseCommand } from "./tune/advise_command.js";
import { addLrFindCommand } from "./tune/lr_find_command.js";
import { addSharpnessCommand } from "./tune/sharpness_command.js";
import { addTrainCommand } from "./train_command.js";

/** Runs the command line and gives its exit code. Nothing is thrown. */
export async function runProgram(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Command("kiln")
    .description("Trains small neural networks on any GPU that speaks WebGPU, or without one.")
    .version(version)
    .exitOverride()
    .configureOutput({
      // One line, with the suggestion that commander puts on a second.
      outputError: (text, write) => write(`${text.trim().replaceAll("\n", " ")}; see kiln --help\n`),
    })
    .addHelpText("after", "\nExit codes: 0 done, 1 failed or a bad value, 2 a flag or command that does not exist, 130 stopped by Ctrl-C.");
  const setCode = (value: number) => {
    code = value;
  };
  for (const add of [addTrainCommand, addSampleCommand, addScheduleCommand, addLrFindCommand, addSharpnessCommand, addAdviseCommand, addBenchCommand, addLabCommand, addInfoCommand, addDoctorCommand]) add(program, setCode);
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`${describeError(error)}\n`);
    return exitCodes.failed;
  }
}
