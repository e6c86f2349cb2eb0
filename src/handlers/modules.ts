/**
 * The modules of handlers by path, as a generated import hands them over, and the handlers that are found in
 * them by a path. It registers none and runs none.
 */
import { RefusedError } from "../event/errors.ts";

type Module = Readonly<Record<string, unknown>>;

/** A function that a module exports; who asks for it knows what it takes. */
// biome-ignore lint/suspicious/noExplicitAny: a module's exports are checked to be functions, no more
export type ModuleFunction = (...args: any[]) => unknown;

/** The exports that a subscriber's file may have; the first that is there is meant. */
export const SUBSCRIBER_EXPORTS = ["default", "handler", "handle"];

/** A path in the text of a configuration: the file, and the exports of which the first that is there is meant. */
interface HandlerPath {
	/** From the root of the project; the ending may be left out. */
	file: string;
	exports: readonly string[];
}

const ENDINGS = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs"];

const modules = new Map<string, Module>();
const asked: (() => ModuleFunction)[] = [];

/**
 * Takes the modules of a generated import, by their paths from the root of the project. Importing a module that
 * calls `events.on` is its subscription already; this makes handlers known that are named by path.
 */
export function handlerModules(byPath: Readonly<Record<string, Module>>): void {
	for (const [path, module] of Object.entries(byPath))
		modules.set(path, module);
}

/**
 * The handler at a path, looked up when the answer is called: the generated import may come later.
 * `checkHandlerPaths` tells of a wrong path at start-up.
 */
export function handlerAt(path: HandlerPath): () => ModuleFunction {
	let found: ModuleFunction | undefined;
	const resolve = () => {
		found ??= find(path);
		return found;
	};
	asked.push(resolve);
	return resolve;
}

/** Whether there is a module at this path, whose ending may be left out. */
export function hasModule(file: string): boolean {
	return pathOf(file) !== undefined;
}

/** Called once every module is imported. @throws RefusedError `invalid_handler` for the first path that leads nowhere */
export function checkHandlerPaths(): void {
	for (const resolve of asked) resolve();
}

function find({ file, exports }: HandlerPath): ModuleFunction {
	const path = pathOf(file);
	if (path === undefined)
		throw refusal(
			`no module is known at ${JSON.stringify(file)}: known are ${listing([...modules.keys()])}. Run npx tidings generate with the directory that it is in, and import what that writes in the main module`,
		);
	const module = modules.get(path) as Module;
	const handler = exports
		.map((name) => module[name])
		.find((value) => typeof value === "function");
	if (handler === undefined)
		throw refusal(
			`${JSON.stringify(path)} exports no function ${exports.join(" or ")}: its exports are ${listing(Object.keys(module))}. Export the handler, or mend the path`,
		);
	return handler as ModuleFunction;
}

function pathOf(file: string): string | undefined {
	const wanted = file.replace(/^\.\//, "");
	return ENDINGS.map((ending) => wanted + ending).find((candidate) =>
		modules.has(candidate),
	);
}

function listing(names: readonly string[]): string {
	const more = names.length > 20 ? `, and ${names.length - 20} more` : "";
	return names.length === 0 ? "none" : names.slice(0, 20).join(", ") + more;
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_handler", `handlers by path: ${why}`);
}
