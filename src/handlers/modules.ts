/**
 * Finds handlers by the path of their module. A generated import provides the modules. It registers no handler and runs
 * none.
 */
import { RefusedError } from "../event/errors.ts";

type Module = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noExplicitAny: the parameters of an exported function are not known here
export type ModuleFunction = (...args: any[]) => unknown;

/** The names under which a subscriber's file may export its function. The first one that exists is used. */
export const SUBSCRIBER_EXPORTS = ["default", "handler", "handle"];

/** The path of a handler in a configuration. */
interface HandlerPath {
	/** From the root of the project. The extension is optional. */
	file: string;
	/** Names of exports. The first one that exists is used. */
	exports: readonly string[];
}

const EXTENSIONS = ["", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs"];

const modules = new Map<string, Module>();
const lookups: (() => ModuleFunction)[] = [];

/**
 * Registers the modules of a generated import, by their paths from the root of the project. Handlers that a
 * configuration names by path are found in them. A module that calls `events.on` needs only its import.
 */
export function handlerModules(byPath: Readonly<Record<string, Module>>): void {
	for (const [path, module] of Object.entries(byPath))
		modules.set(path, module);
}

/**
 * Returns a function that finds the handler at a path. The lookup is late, because the generated import may load later.
 * `checkHandlerPaths` reports a wrong path at start-up.
 */
export function handlerAt(path: HandlerPath): () => ModuleFunction {
	let found: ModuleFunction | undefined;
	const resolve = () => {
		found ??= find(path);
		return found;
	};
	lookups.push(resolve);
	return resolve;
}

/** Whether a module exists at this path. The extension is optional. */
export function hasModule(file: string): boolean {
	return pathOf(file) !== undefined;
}

/** The file and the name under which a registered module exports a value, such as `src/subscribers/mail.handler`. */
export function exportPathOf(value: unknown): string | undefined {
	for (const [path, module] of modules)
		for (const name of Object.keys(module))
			try {
				if (module[name] === value)
					return `${path.replace(/\.\w+$/, "")}.${name}`;
			} catch {
				// An export cannot be read yet if its module and this one import each other.
			}
	return undefined;
}

/** Looks up every path. Call it after all imports. @throws RefusedError `invalid_handler` for the first wrong path */
export function checkHandlerPaths(): void {
	for (const resolve of lookups) resolve();
}

function find({ file, exports }: HandlerPath): ModuleFunction {
	const path = pathOf(file);
	if (path === undefined)
		throw refusal(
			`there is no module ${JSON.stringify(file)}, only ${listing([...modules.keys()])}; run npx tidings generate with its directory, and import the generated file in the main module`,
		);
	const module = modules.get(path) as Module;
	const handler = exports
		.map((name) => module[name])
		.find((value) => typeof value === "function");
	if (handler === undefined)
		throw refusal(
			`${JSON.stringify(path)} exports no function ${exports.join(" or ")}, only ${listing(Object.keys(module))}; export the handler, or correct the path`,
		);
	return handler as ModuleFunction;
}

function pathOf(file: string): string | undefined {
	const wanted = file.replace(/^\.\//, "");
	return EXTENSIONS.map((extension) => wanted + extension).find((candidate) =>
		modules.has(candidate),
	);
}

function listing(names: readonly string[]): string {
	const more = names.length > 20 ? `, and ${names.length - 20} more` : "";
	return names.length === 0 ? "none" : names.slice(0, 20).join(", ") + more;
}

function refusal(reason: string): RefusedError {
	return new RefusedError("invalid_handler", `handler path: ${reason}`);
}
