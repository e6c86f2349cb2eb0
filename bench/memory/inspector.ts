/** A client of the runtime's inspector that reads the size of the Worker's heap. */

/** In bytes, as V8 counts them. */
export interface Heap {
	/** JavaScript objects, including garbage that is not collected yet. */
	usedSize: number;
	/** Memory that V8 reserved for the heap. */
	totalSize: number;
	/** The runtime's own objects, and buffers. */
	embedderHeapUsedSize: number;
	backingStorageSize: number;
}

export interface Inspector {
	heap(): Promise<Heap>;
	/**
	 * Collects garbage.
	 *
	 * @param poke makes the Worker run, because V8 collects only while it runs
	 */
	collect(poke: () => Promise<unknown>): Promise<void>;
	close(): void;
}

interface Answer {
	id?: number;
	result?: unknown;
	error?: { message: string };
}

/** @param url the inspector's list of targets */
export async function inspect(url: URL): Promise<Inspector> {
	const listed = await fetch(new URL("/json", url));
	const [target] = (await listed.json()) as { webSocketDebuggerUrl: string }[];
	if (!target) throw new Error("the inspector lists no target");
	// The inspector rejects a connection without an origin.
	const headers = { origin: "http://localhost" };
	const socket = new WebSocket(target.webSocketDebuggerUrl, {
		headers,
	} as never);
	const open = Promise.withResolvers<void>();
	const pending = new Map<number, PromiseWithResolvers<unknown>>();
	let isClosed = false;
	socket.addEventListener("open", () => open.resolve());
	socket.addEventListener("error", () =>
		open.reject(new Error("cannot connect to the inspector")),
	);
	socket.addEventListener("close", () => {
		isClosed = true;
		for (const answer of pending.values()) answer.reject(gone());
	});
	socket.addEventListener("message", ({ data }) => {
		const { id, result, error } = JSON.parse(String(data)) as Answer;
		const one = pending.get(id ?? 0);
		pending.delete(id ?? 0);
		if (error) one?.reject(new Error(error.message));
		else one?.resolve(result);
	});
	await open.promise;

	let count = 0;
	const request = (method: string): Promise<unknown> => {
		if (isClosed) throw gone();
		const id = ++count;
		const answer = Promise.withResolvers<unknown>();
		pending.set(id, answer);
		socket.send(JSON.stringify({ id, method }));
		return answer.promise;
	};
	await request("HeapProfiler.enable");
	return {
		heap: async () => (await request("Runtime.getHeapUsage")) as Heap,
		async collect(poke) {
			let isOver = false;
			const collected = request("HeapProfiler.collectGarbage").finally(() => {
				isOver = true;
			});
			while (!isOver) await Promise.race([collected, poke()]);
		},
		close: () => socket.close(),
	};
}

function gone(): Error {
	return new Error("the isolate ended: its heap reached the limit");
}
