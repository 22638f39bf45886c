import './styles/fonts.css';
import './styles/base.css';
import './styles/controls.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { language, speak } from './lib/i18n';
import { remembered } from './lib/prefs';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');

const chosen = remembered('language', 'auto', ['auto', 'en', 'es']);
await speak(chosen === 'auto' ? navigator.languages : [chosen, ...navigator.languages]);
document.documentElement.lang = language;

export default mount(App, { target });
