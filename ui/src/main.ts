import './styles/fonts.css';
import './styles/base.css';
import './styles/controls.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { enter } from './lib/entrance';
import { language, speak } from './lib/i18n';
import { remembered } from './lib/prefs';
import Entrance from './pages/Entrance.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');

const chosen = remembered('language', 'auto', ['auto', 'en', 'es']);
await speak(chosen === 'auto' ? navigator.languages : [chosen, ...navigator.languages]);
document.documentElement.lang = language;

const need = await enter();
if (need === 'nothing') mount(App, { target });
else mount(Entrance, { target, props: { need, done: () => location.reload() } });
