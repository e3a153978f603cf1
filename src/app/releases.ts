/** Release functions of parts that were made; they run in reverse order, so that no part loses another that it still uses. */
export interface Releases {
  add(release: () => Promise<void>): void
  /** Runs each release function once. If some fail, the others still run, and the first error is thrown at the end. */
  run(): Promise<void>
}

/** Makes an empty list of release functions. */
export function createReleases(): Releases {
  const list: (() => Promise<void>)[] = []
  let done: Promise<void> | undefined
  async function releaseAll(): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    for (let release = list.pop(); release; release = list.pop()) {
      try {
        await release()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure) throw failure.error
  }
  return {
    add: (release) => {
      list.push(release)
    },
    run: () => {
      done ??= releaseAll()
      return done
    },
  }
}
