/** A tool that makes the call in its input. Returns the result, or the error with its class. */
import {
	ForbiddenError,
	RefusedError,
	UnauthorizedError,
	UnavailableError,
} from "tidings";
import type { Capabilities } from "tidings/apps";

export interface Act {
	capability: "event" | "storage";
	method: string;
	args: unknown[];
	/** An explicit `toSubscribers` of undefined, which JSON cannot represent. */
	isUndefined?: boolean;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

const CLASSES = {
	ForbiddenError,
	RefusedError,
	UnauthorizedError,
	UnavailableError,
};

export async function act(
	{ capability, method, args, isUndefined }: Act,
	capabilities: Capabilities,
): Promise<unknown> {
	try {
		const { event, storage } = {
			event: () => capabilities.event as unknown as Methods,
			storage: (space: unknown) =>
				capabilities.storage.use(space as string) as unknown as Methods,
		};
		const given = isUndefined
			? args.map((one) =>
					typeof one === "object"
						? { ...one, toSubscribers: { email: undefined } }
						: one,
				)
			: args;
		const [space, ...rest] = given;
		const value =
			capability === "storage"
				? await storage(space)[method]?.(...rest)
				: await event()[method]?.(...given);
		return { value: value ?? null };
	} catch (error) {
		const { name, message, code } = error as Error & { code?: string };
		const isClass = Object.entries(CLASSES).some(
			([known, Class]) => known === name && error instanceof Class,
		);
		return { error: { name, code, message, isClass } };
	}
}
