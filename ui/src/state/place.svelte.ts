/** Which page is shown: what stands after the `#` of the address. */
import { parsePlace, type Place } from '../lib/routes';

class Here {
  now = $state.raw<Place>(parsePlace(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.now = parsePlace(location.hash)));
  }
}

export const here = new Here();
