/** The runtime's inspector, asked for one thing: how large the heap of the Worker's isolate is. */

/** In bytes, as V8 counts them. */
export interface Heap {
	/** Of JavaScript: what is in use, and what nobody uses any more and is not collected yet. */
	usedSize: number;
	/** What is set aside for it. */
	totalSize: number;
	/** Of the runtime's own objects, and of buffers. */
	embedderHeapUsedSize: number;
	backingStorageSize: number;
}

export interface Inspector {
	heap(): Promise<Heap>;
	/**
	 * Collects what nobody uses.
	 *
	 * @param poke makes the Worker run, for it collects only then
	 */
	collect(poke: () => Promise<unknown>): Promise<void>;
	close(): void;
}

interface Answer {
	id?: number;
	result?: unknown;
	error?: { message: string };
}

/** @param url where the inspector lists what it inspects */
export async function inspect(url: URL): Promise<Inspector> {
	const listed = await fetch(new URL("/json", url));
	const [target] = (await listed.json()) as { webSocketDebuggerUrl: string }[];
	if (!target) throw new Error("the inspector inspects nothing");
	// It takes no one that does not say where it comes from.
	const headers = { origin: "http://localhost" };
	const socket = new WebSocket(target.webSocketDebuggerUrl, {
		headers,
	} as never);
	const open = Promise.withResolvers<void>();
	const asked = new Map<number, PromiseWithResolvers<unknown>>();
	let isClosed = false;
	socket.addEventListener("open", () => open.resolve());
	socket.addEventListener("error", () =>
		open.reject(new Error("the inspector is not reached")),
	);
	socket.addEventListener("close", () => {
		isClosed = true;
		for (const one of asked.values()) one.reject(gone());
	});
	socket.addEventListener("message", ({ data }) => {
		const { id, result, error } = JSON.parse(String(data)) as Answer;
		const one = asked.get(id ?? 0);
		asked.delete(id ?? 0);
		if (error) one?.reject(new Error(error.message));
		else one?.resolve(result);
	});
	await open.promise;

	let count = 0;
	const ask = (method: string): Promise<unknown> => {
		if (isClosed) throw gone();
		const id = ++count;
		const answer = Promise.withResolvers<unknown>();
		asked.set(id, answer);
		socket.send(JSON.stringify({ id, method }));
		return answer.promise;
	};
	await ask("HeapProfiler.enable");
	return {
		heap: async () => (await ask("Runtime.getHeapUsage")) as Heap,
		async collect(poke) {
			let isOver = false;
			const collected = ask("HeapProfiler.collectGarbage").finally(() => {
				isOver = true;
			});
			while (!isOver) await Promise.race([collected, poke()]);
		},
		close: () => socket.close(),
	};
}

function gone(): Error {
	return new Error("the isolate is gone");
}
