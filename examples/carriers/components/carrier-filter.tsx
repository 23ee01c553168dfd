import type { CarrierQuery } from '../src/schemas.ts'

/** A GET form: it works without JavaScript, and its result has a URL. */
export function CarrierFilter({ query }: { query: CarrierQuery }) {
  return (
    <form className="panel row" action="/carriers" role="search" aria-label="Carriers">
      <div className="field">
        <label htmlFor="q">Name or MC number</label>
        <input id="q" name="q" type="search" maxLength={100} defaultValue={query.q} />
      </div>
      <div className="field">
        <label htmlFor="homeState">Home state</label>
        <input
          id="homeState"
          name="homeState"
          maxLength={2}
          pattern="[A-Z]{2}"
          placeholder="TX"
          title="Two capital letters"
          defaultValue={query.homeState}
        />
      </div>
      <div className="field">
        <label htmlFor="minPowerUnits">Power units from</label>
        <input
          id="minPowerUnits"
          name="minPowerUnits"
          type="number"
          min={0}
          defaultValue={query.minPowerUnits}
        />
      </div>
      <div className="field">
        <label htmlFor="sort">Order</label>
        <select id="sort" name="sort" defaultValue={query.sort}>
          <option value="name">Name, A to Z</option>
          <option value="-name">Name, Z to A</option>
          <option value="-createdAt">Newest first</option>
          <option value="createdAt">Oldest first</option>
        </select>
      </div>
      <div className="field">
        <button type="submit">Search</button>
      </div>
    </form>
  )
}
