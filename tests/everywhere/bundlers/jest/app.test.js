const { writeFileSync } = require("node:fs");
require("@tensorflow/tfjs-backend-cpu");
const { run } = require("./app.js");

test("the app runs", async () => {
  expect(typeof document).toBe("object");
  writeFileSync("outcome.json", JSON.stringify(await run("cpu", "localstorage://uan")));
});
