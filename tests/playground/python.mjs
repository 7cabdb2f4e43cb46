/* Runs a Python program in Pyodide, as a browser has it: node python.mjs FOLDER < program. FOLDER is a built playground;
   what the program prints is printed, and how it ends decides the exit status. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide/pyodide.mjs`));
const python = await loadPyodide({ indexURL: `${folder}/pyodide/` });
python.FS.writeFile("/gatewise.zip", readFileSync(`${folder}/gatewise.zip`));
python.runPython("import sys; sys.path.insert(0, '/gatewise.zip')");
try {
  python.runPython(readFileSync(0, "utf8"));
} catch (error) {
  console.error(String(error.message));
  process.exitCode = error.pyodide_fatal_error ? 2 : 1; // 2: the interpreter itself has come to its end
}
