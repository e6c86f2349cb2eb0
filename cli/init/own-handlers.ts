/** Finds the handlers in the default export of a module, and how to pass them on to `worker()`. */
import {
	type Change,
	type Expression,
	exportedNames,
	type Program,
} from "./module.ts";

/** The handlers of a user that `worker()` accepts. */
const HANDLERS = ["fetch", "queue", "scheduled", "email"];

export interface OwnHandlers {
	/** The options of `worker()` that have them. Empty without a default export. */
	fields: string;
	/** The part of the text to replace; absent without a default export. */
	replaced?: Pick<Change, "start" | "end">;
	/** The text in its place. Default: the new export. */
	declaration?: string;
	/** Present if they are in an object of the module. */
	object?: ObjectExpression;
}

type ObjectExpression = Extract<Expression, { type: "ObjectExpression" }>;

/** @param taken names that the module declares */
export function ownHandlers(
	program: Program,
	taken: ReadonlySet<string>,
): OwnHandlers | "unknown" {
	const found = defaultExport(program);
	if (!found) return hasNoDefault(program) ? { fields: "" } : "unknown";
	const { declaration } = found;
	const start = found.start ?? 0;
	const end = found.end ?? 0;
	if (/Declaration$/.test(declaration.type)) return "unknown";
	const value = bare(declaration as Expression);
	if (value.type === "Identifier") {
		const init = initOf(value.name, program);
		const own = init && passedOn(value.name, init);
		return own ? { ...own, replaced: { start, end } } : "unknown";
	}
	const name = isHono(value) ? "app" : "handlers";
	const free = taken.has(name) ? `own_${name}` : name;
	const own = passedOn(free, value);
	if (!own) return "unknown";
	return {
		...own,
		declaration: `const ${free} = `,
		replaced: { start, end: declaration.start ?? 0 },
	};
}

/** Whether the default export is a `worker()` already. */
export function isWrapped(program: Program): boolean {
	const declaration = defaultExport(program)?.declaration;
	if (!declaration || /Declaration$/.test(declaration.type)) return false;
	const value = bare(declaration as Expression);
	const init =
		value.type === "Identifier" ? initOf(value.name, program) : value;
	return (
		init?.type === "CallExpression" &&
		init.callee.type === "Identifier" &&
		workerNames(program).includes(init.callee.name)
	);
}

/** The names under which the module imports `worker`. */
function workerNames({ body }: Program): string[] {
	return body.flatMap((one) =>
		one.type === "ImportDeclaration" && one.source.value === "tidings/worker"
			? one.specifiers.flatMap((specifier) =>
					specifier.type === "ImportSpecifier" &&
					specifier.imported.type === "Identifier" &&
					specifier.imported.name === "worker"
						? specifier.local.name
						: [],
				)
			: [],
	);
}

function defaultExport({ body }: Program) {
	return body.find((one) => one.type === "ExportDefaultDeclaration");
}

/** A module that only exports classes, or is empty. A script with `addEventListener` is neither. */
function hasNoDefault(program: Program): boolean {
	const { body } = program;
	const isModule = body.some(({ type }) => /^(Import|Export)/.test(type));
	const isElsewhere = exportedNames(program).includes("default");
	return (isModule || body.length === 0) && !isElsewhere;
}

/** Undefined if it is not known how to pass the value's handlers on. */
function passedOn(name: string, value: Expression): OwnHandlers | undefined {
	if (isHono(value)) return { fields: `fetch: ${name}.fetch` };
	return value.type === "ObjectExpression" && isOfHandlers(value)
		? { fields: `...${name}`, object: value }
		: undefined;
}

/** Removes parentheses, and what TypeScript adds to a value. */
function bare(value: Expression): Expression {
	switch (value.type) {
		case "TSSatisfiesExpression":
		case "TSAsExpression":
		case "ParenthesizedExpression":
			return bare(value.expression);
		default:
			return value;
	}
}

function initOf(name: string, { body }: Program): Expression | undefined {
	for (const one of body) {
		const statement =
			one.type === "ExportNamedDeclaration" ? one.declaration : one;
		if (statement?.type !== "VariableDeclaration") continue;
		for (const { id, init } of statement.declarations)
			if (id.type === "Identifier" && id.name === name && init)
				return bare(init);
	}
	return undefined;
}

/** `new Hono()`, also with calls such as `.get("/", …)`. */
function isHono(value: Expression): boolean {
	if (value.type === "CallExpression")
		return (
			value.callee.type === "MemberExpression" &&
			isHono(value.callee.object as Expression)
		);
	return (
		value.type === "NewExpression" &&
		value.callee.type === "Identifier" &&
		value.callee.name.endsWith("Hono")
	);
}

/** `worker()` rejects other keys, and a spread may have any. */
function isOfHandlers({ properties }: ObjectExpression): boolean {
	return properties.every(
		(one) =>
			one.type !== "SpreadElement" &&
			one.key.type === "Identifier" &&
			!one.computed &&
			HANDLERS.includes(one.key.name),
	);
}
