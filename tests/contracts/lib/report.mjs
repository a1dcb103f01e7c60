// What passed and what did not.
let passed = 0;
const failed = [];

// Runs a check and prints its name, with what there is to say about it.
export async function check(name, run) {
  try {
    const note = await run();
    passed += 1;
    console.log(`  ok      ${name}${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed.push(name);
    console.log(`  FAILED  ${name}\n${error.stack ?? error}`);
  }
}

// Prints the counts; false where something failed.
export function report() {
  for (const name of failed) console.log(`FAILED  ${name}`);
  console.log(`\n${passed} passed, ${failed.length} failed`);
  return failed.length === 0;
}
