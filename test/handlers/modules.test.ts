import { beforeAll, expect, test } from "vitest";
import { checkHandlerPaths, handlerAt } from "../../src/handlers/modules.ts";
import { createEvents, handlerModules } from "../../src/index.ts";
import { worker } from "../../src/worker.ts";

const mail = () => "mailed";
const welcome = () => "welcomed";

/** Requested before its module is registered, as when the stack is imported before the generated file. */
const early = handlerAt({ file: "src/order/mail", exports: ["handler"] });

beforeAll(() => {
	handlerModules({
		"src/order/mail.ts": { handler: mail, other: 5 },
		"src/subscribers/welcome.js": { handle: welcome },
	});
});

test("a path is found even if its module is registered later", () => {
	expect(early()).toBe(mail);
});

test("a path is found with or without its extension, and with a leading ./", () => {
	for (const file of [
		"src/order/mail",
		"src/order/mail.ts",
		"./src/order/mail",
	])
		expect(handlerAt({ file, exports: ["handler"] })()).toBe(mail);
});

test("the first existing export of the list is used", () => {
	const exports = ["default", "handler", "handle"];
	expect(handlerAt({ file: "src/subscribers/welcome", exports })()).toBe(
		welcome,
	);
});

test("a wrong path fails at start-up, with the known modules and the command to run", () => {
	expect(() => checkHandlerPaths()).not.toThrow();
	handlerAt({ file: "src/order/male", exports: ["handler"] });
	const start = () => worker(createEvents());
	expect(start).toThrow(
		/there is no module "src\/order\/male", only src\/order\/mail.ts, src\/subscribers\/welcome.js; run npx tidings generate/,
	);
	expect(start).toThrow(expect.objectContaining({ code: "invalid_handler" }));
});

test("an export that is not a function is rejected with a list of the exports", () => {
	const other = handlerAt({ file: "src/order/mail", exports: ["other"] });
	expect(other).toThrow(
		/"src\/order\/mail.ts" exports no function other, only handler, other; export the handler/,
	);
});
